import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ApiServer, serveApi } from "../../../host/api/server.ts";
import type { Surroundings } from "../../../host/cli/surroundings.ts";
import { OperationError, UsageError } from "../../../host/model/errors.ts";
import { VERSION } from "../../../host/model/version.ts";
import { sampleView } from "../view.ts";
import { weftWith } from "./weft.ts";

const directory = mkdtempSync(join(tmpdir(), "weft-cli-"));
const host = `unix://${directory}/weft.sock`;
let server: ApiServer;
beforeAll(async () => {
  server = await serveApi(join(directory, "weft.sock"), sampleView());
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

/** Runs a command line and returns what a shell would see. */
const weft = (args: string[], part: Partial<Surroundings> & { tty?: boolean } = {}) =>
  weftWith(args, { env: { WEFT_HOST: host }, ...part });

describe("asking", () => {
  test.each([
    [["fdb", "show"], "NETWORK   VNI   MAC"],
    [["neighbor", "show"], "NETWORK   VNI   IP"],
    [["neigh", "show", "--network", "blue"], "NETWORK   VNI   IP"],
    [["vtep", "show", "--format", "table"], "ADDRESS     PORT   MTU    STATE    SUPERFRAMES   NETWORKS"],
  ])("%j", async (args, header) => {
    const { code, out, err } = await weft(args);
    expect([code, err]).toEqual([0, ""]);
    expect(out.startsWith(header)).toBe(true);
  });

  test("--format json", async () => {
    const { code, out } = await weft(["fdb", "show", "--format", "json", "-n", "red"]);
    expect([code, JSON.parse(out)]).toEqual([0, sampleView().fdb().slice(2)]);
  });

  test.each([[["--host", host, "vtep", "show"]], [["vtep", "--host", host, "show"]], [["vtep", "show", "-H", host]]])(
    "the agent is named by --host anywhere, before WEFT_HOST: %j",
    async (args) => {
      expect((await weft(args, { env: { WEFT_HOST: "unix:///nowhere" } })).code).toBe(0);
    },
  );

  test("an unknown network, an agent that is not there: exit 1, one line", async () => {
    expect(await weft(["fdb", "show", "--network", "green"])).toEqual({
      code: 1,
      out: "",
      err: 'this host is in no network "green": it is in blue, red\n',
    });
    expect(await weft(["fdb", "show"], { env: { WEFT_HOST: "unix:///nowhere/weft.sock" } })).toEqual({
      code: 1,
      out: "",
      err: "cannot reach the agent at unix:///nowhere/weft.sock: is weft running on this host?\n",
    });
  });

  test("colours only on a terminal, and not against NO_COLOR", async () => {
    const bold = "\u001b[1m";
    expect((await weft(["fdb", "show"], { tty: true })).out.startsWith(bold)).toBe(true);
    expect((await weft(["fdb", "show"])).out).not.toContain("\u001b");
    expect((await weft(["fdb", "show"], { tty: true, env: { WEFT_HOST: host, NO_COLOR: "1" } })).out).not.toContain("\u001b");
    expect((await weft(["fdb", "show", "-n", "x"], { tty: true })).err).toBe(
      '\u001b[31mthis host is in no network "x": it is in blue, red\u001b[39m\n',
    );
  });
});

describe("help", () => {
  test.each(["frob", "network frob", "agent x"])("there is none for %s", async (words) => {
    expect(await weft(["help", ...words.split(" ")])).toEqual({ code: 2, out: "", err: `weft help: there is no command weft ${words}\n` });
  });

  test.each([[[]], [["--help"]], [["help"]]])("%j prints it", async (args) => {
    const { code, out, err } = await weft(args);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain("Usage: weft [options] [command]");
    expect(out).toContain("weft agent --config weft.yaml");
  });

  test.each([
    [["fdb"], "Usage: weft fdb"],
    [["fdb", "--help"], "Usage: weft fdb"],
    [["vtep", "show", "--help"], "weft vtep show --network blue --format json"],
    [["help", "agent"], "--config <file>"],
    [["help", "network", "create"], "--aux-address <name=ip>"],
    [["help", "neigh", "show"], "weft neighbor show"],
  ])("%j", async (args, part) => {
    const { code, out } = await weft(args);
    expect(code).toBe(0);
    expect(out).toContain(part);
  });

  test.each(["--version", "-v"])("%s", async (flag) => {
    expect(await weft([flag])).toEqual({ code: 0, out: `weft ${VERSION}\n`, err: "" });
  });
});

describe("wrong usage: exit 2, one line", () => {
  test.each([
    [["fbd", "show"], "unknown command 'fbd' (Did you mean fdb?)"],
    [["fdb", "sho"], "unknown command 'sho' for 'weft fdb' (there are: show)"],
    [["fdb", "show", "extra"], "too many arguments for 'show'. Expected 0 arguments but got 1: extra."],
    [["fdb", "show", "--netwrk", "x"], "unknown option '--netwrk' (Did you mean --network?)"],
    [["fdb", "show", "--network"], "option '-n, --network <network>' argument missing"],
    [["fdb", "show", "--format", "xml"], "option '--format <format>' argument 'xml' is invalid. Allowed choices are table, json."],
    [
      ["fdb", "show", "--host", "tcp://x"],
      '"tcp://x" is not an address of an agent (expected unix://PATH, e.g. unix:///run/weft/weft.sock)',
    ],
    [["agent"], "weft agent needs --config FILE"],
    [["agent", "--confg", "x"], "unknown option '--confg' (Did you mean --config?)"],
    [["--nope"], "unknown option '--nope'"],
    [["logs", ""], "argument 'container' is empty"],
    [["network", "rm", "blue", ""], "argument 'network' is empty"],
    [["network", "connect", "blue", ""], "argument 'target' is empty"],
    [["exec", "", "--", "ls"], "argument 'container' is empty"],
  ])("%j", async (args, message) => {
    expect(await weft(args)).toEqual({ code: 2, out: "", err: `${message}\n` });
  });
});

describe("the agent", () => {
  test("is given the file's path, and its end is the program's", async () => {
    const given: string[] = [];
    const runAgent = async (path: string) => void given.push(path);
    expect(await weft(["agent", "--config", "weft.yaml"], { runAgent })).toEqual({ code: 0, out: "", err: "" });
    expect(await weft(["agent", "-c", "b.yaml"], { runAgent })).toMatchObject({ code: 0 });
    expect(given).toEqual(["weft.yaml", "b.yaml"]);
  });

  test.each([
    [new UsageError("weft.yaml:1:1: no"), 2, /^weft\.yaml:1:1: no\n$/],
    [new OperationError("port in use"), 1, /^port in use\n$/],
    [new TypeError("x is not a function"), 1, /^internal error: TypeError: x is not a function\n {4}at /],
  ])("%s", async (error, code, message) => {
    const result = await weft(["agent", "-c", "x"], { runAgent: () => Promise.reject(error) });
    expect(result.code).toBe(code);
    expect(result.err).toMatch(message);
  });
});
