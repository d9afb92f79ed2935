// The flags of `weft bench`, and what it makes of an outcome. What measures is handed in here; the real one is driven through the same commands in
// test/netns/bench.test.ts.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { run } from "../../../host/cli/program.ts";
import type { Bench, BenchOutcome, BenchRequest, ServeRequest } from "../../../host/model/bench.ts";
import { OperationError } from "../../../host/model/errors.ts";
import { sampleResults } from "./bench-results.ts";
import { nothingAround } from "./weft.ts";

const directory = mkdtempSync(join(tmpdir(), "weft-bench-cli-"));
afterAll(() => rmSync(directory, { recursive: true }));

interface Said {
  code: number;
  out: string;
  err: string;
  measured: BenchRequest[];
  served: ServeRequest[];
}

/** Runs a command line; measuring ends with `outcome`. */
async function weft(args: string[], outcome: Partial<BenchOutcome> = {}): Promise<Said> {
  const said: Said = { code: -1, out: "", err: "", measured: [], served: [] };
  const bench: Bench = {
    measure: (request, tell) => {
      said.measured.push(request);
      tell("measuring\n");
      return Promise.resolve({ results: sampleResults(), failure: null, ...outcome });
    },
    serve: (request, ready) => {
      said.served.push(request);
      ready("weft bench ready\n");
      return Promise.resolve();
    },
  };
  const write = (stream: "out" | "err") => ({
    write: (text: string) => {
      said[stream] += text;
    },
  });
  const around = { ...nothingAround(), env: {}, stdout: write("out"), stderr: write("err"), loadBench: () => Promise.resolve(bench) };
  said.code = await run(args, around);
  return said;
}

describe("what is asked", () => {
  test("the defaults", async () => {
    const { code, measured } = await weft(["bench", "run", "10.0.0.2"]);
    expect(code).toBe(0);
    expect(measured).toEqual([
      {
        path: { address: "10.0.0.2", netns: null },
        baseline: null,
        port: 5201,
        rounds: 5,
        seconds: 3,
        streams: [1, 4],
        udpBytes: [64, 1400],
        lossPercentMax: 0.1,
        reverse: false,
        metrics: { address: "127.0.0.1:9477", required: false },
      },
    ]);
  });

  test("everything", async () => {
    const flags = "--netns pcA --port 5300 --baseline fd99::2 --baseline-netns /proc/1/ns/net --rounds 1 --seconds 2 --streams 8,1,8";
    const more = "--udp-bytes none --loss 0.5 --reverse --metrics [::1]:9477";
    const { measured } = await weft(["bench", "run", "10.0.0.2", ...flags.split(" "), ...more.split(" ")]);
    expect(measured).toEqual([
      {
        path: { address: "10.0.0.2", netns: "pcA" },
        baseline: { address: "fd99::2", netns: "/proc/1/ns/net" },
        port: 5300,
        rounds: 1,
        seconds: 2,
        streams: [8, 1],
        udpBytes: [],
        lossPercentMax: 0.5,
        reverse: true,
        metrics: { address: "[::1]:9477", required: true },
      },
    ]);
    expect((await weft(["bench", "run", "10.0.0.2", "--metrics", "off"])).measured[0].metrics).toBeNull();
  });

  test("a server", async () => {
    expect(await weft(["bench", "serve"])).toMatchObject({
      code: 0,
      out: "weft bench ready\n",
      served: [{ netns: null, bind: null, port: 5201 }],
    });
    const { served } = await weft(["bench", "serve", "--netns", "pcB", "--bind", "fd00::2", "--port", "1"]);
    expect(served).toEqual([{ netns: "pcB", bind: "fd00::2", port: 1 }]);
  });
});

describe("wrong usage: exit 2, one line, nothing measured", () => {
  const run = (...words: string[]) => ["bench", "run", "10.0.0.2", ...words];
  test.each([
    [["bench", "rnu"], "unknown command 'rnu' for 'weft bench' (there are: serve, run)"],
    [["bench", "run"], "missing required argument 'address'"],
    [run("10.0.0.3"), "too many arguments for 'run'. Expected 1 argument but got 2: 10.0.0.2, 10.0.0.3."],
    [run("--port", "x"), "option '--port <n>' argument 'x' is invalid. Expected a whole number from 1 to 65535."],
    [run("--port", "65536"), /from 1 to 65535/],
    [run("--rounds", "0"), /'--rounds <n>' argument '0' is invalid\. Expected a whole number from 1 to 1000\.$/],
    [run("--seconds", "1.5"), /'--seconds <n>' argument '1\.5' is invalid/],
    [run("--streams", "1,,4"), /'--streams <list>' argument '1,,4' is invalid\. Expected whole numbers from 1 to 128 with commas/],
    [run("--udp-bytes", "15"), /from 16 to 65507/],
    [run("--udp-bytes", ""), /from 16 to 65507/],
    [run("--loss", "101"), /'--loss <percent>' argument '101' is invalid\. Expected a number from 0 to 100\.$/],
    [run("--loss", "-1"), /from 0 to 100/],
    [run("--baseline-netns", "x"), "--baseline-netns is of no use without --baseline ADDRESS"],
    [run("--metrics", "9477"), "--metrics 9477: expected HOST:PORT or off"],
    [run("--format", "xml"), /Allowed choices are table, json/],
    [run("--netnss", "x"), "unknown option '--netnss' (Did you mean --netns?)"],
    [run("--host", "unix:///x"), "--host is of no use to weft bench: it reads an agent's metrics, see --metrics"],
    [["bench", "serve", "-H", "unix:///x"], /^--host is of no use/],
    [["bench", "serve", "--bind", "junk"], "--bind junk: expected an IP address"],
    [["bench", "serve", "10.0.0.2"], /too many arguments for 'serve'/],
  ])("%j", async (args, message) => {
    const { code, out, err, measured, served } = await weft(args as string[]);
    expect([code, out, measured, served]).toEqual([2, "", [], []]);
    expect(err.split("\n")).toHaveLength(2);
    expect(err.trimEnd()).toEqual(message instanceof RegExp ? expect.stringMatching(message) : message);
  });

  test.each([["bench"], ["bench", "--help"], ["bench", "run", "--help"], ["bench", "serve", "--help"]])(
    "help: %s %s %s",
    async (...words) => {
      const { code, out } = await weft(words.filter(Boolean));
      expect(code).toBe(0);
      expect(out).toMatch(/^Usage: weft bench/);
      expect(out).not.toContain("--host <");
    },
  );
});

describe("what comes of it", () => {
  test("figures to stdout, the rest to stderr", async () => {
    const { code, out, err } = await weft(["bench", "run", "10.0.0.2"]);
    expect([code, err]).toEqual([0, "measuring\n"]);
    expect(out).toMatch(/^MEASURE +10\.0\.0\.2 +10\.99\.0\.2 \(baseline\) +RATIO\n/);
  });

  test("JSON to stdout, or to a file beside the table", async () => {
    expect(JSON.parse((await weft(["bench", "run", "10.0.0.2", "--format", "json"])).out)).toEqual(sampleResults());
    const file = join(directory, "figures.json");
    const { out } = await weft(["bench", "run", "10.0.0.2", "--json", file]);
    expect(out).toMatch(/^MEASURE/);
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(sampleResults());
  });

  test("a file that cannot be written is told before anything is measured", async () => {
    const said = await weft(["bench", "run", "10.0.0.2", "--json", join(directory, "no", "file")]);
    expect(said).toMatchObject({ code: 1, out: "", measured: [] });
    expect(said.err).toBe(`--json ${join(directory, "no", "file")}: cannot be written: no such file or directory\n`);
  });

  test("what went wrong after some rounds: these are shown, and the exit code is 1", async () => {
    const { code, out, err } = await weft(["bench", "run", "10.0.0.2"], { failure: new OperationError("TCP × 1: it broke") });
    expect(code).toBe(1);
    expect(out).toMatch(/^MEASURE/);
    expect(err).toBe("measuring\nTCP × 1: it broke\n");
  });

  test("before the first round was over: no figures, and a file keeps what it has", async () => {
    const file = join(directory, "old.json");
    writeFileSync(file, "old");
    const outcome = { results: sampleResults({ rounds: 0 }), failure: new OperationError("it broke") };
    const { code, out, err } = await weft(["bench", "run", "10.0.0.2", "--json", file], outcome);
    expect([code, out, err]).toEqual([1, "", "measuring\nno round was completed: no figures\nit broke\n"]);
    expect(readFileSync(file, "utf8")).toBe("old");
    expect(existsSync(join(directory, "no"))).toBe(false);
  });
});
