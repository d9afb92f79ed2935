import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ContainerResource } from "../../../host/model/cluster/answers.ts";
import { OperationError } from "../../../host/model/errors.ts";
import { sampleContainer } from "./samples.ts";
import { type FakeAgent, fakeAgent } from "./weft.ts";

const SHOP = sampleContainer();
const DONE = sampleContainer({
  Id: "cd".repeat(32),
  Name: "job",
  Command: ["sh", "-c", "echo a long\ncommand line"],
  State: "exited",
  ExitCode: 137,
  FinishedAt: "2026-11-22T10:00:00.000Z",
  Pid: null,
  ExecPrefix: [],
  Labels: { app: "x" },
});

let agent: FakeAgent;
let signals: unknown[];
/** Ends containers for those that wait. */
let end: () => void;
beforeEach(async () => {
  signals = [];
  const ended = new Promise<void>((done) => {
    end = done;
  });
  const known: ContainerResource[] = [SHOP, DONE];
  agent = await fakeAgent(
    {
      "container.ls": ({ all }) => known.filter(({ State }) => all || State === "running"),
      "container.inspect": ({ names }) => ({
        found: known.filter(({ Name }) => names.includes(Name)),
        refused: names
          .filter((name) => !known.some(({ Name }) => Name === name))
          .map((name) => ({ name, message: `container "${name}" not found` })),
      }),
      "container.rm": ({ names, force }) => ({
        removed: names.filter((name) => force || name !== "shop"),
        refused: force
          ? []
          : names.filter((name) => name === "shop").map((name) => ({ name, message: "container shop runs; stop it, or give --force" })),
      }),
      "container.wait": async () => {
        await ended;
        return { StatusCode: 7 };
      },
      "container.signal": (input) => {
        signals.push(input);
        if (input.name === "gone") throw new OperationError('container "gone" not found');
        if (input.signal === "SIGKILL") end();
        return {};
      },
    },
    async function* () {
      yield { stream: "stdout", log: "out\n", time: "2026-11-22T12:00:00.000Z" };
      yield { stream: "stderr", log: "err\n", time: "2026-11-22T12:00:01.000Z" };
    },
  );
});
afterEach(() => agent.close());

describe("weft ps", () => {
  test("what runs", async () => {
    const out =
      "CONTAINER ID   COMMAND      CREATED         STATUS         NETWORKS   NAMES\n" +
      'abababababab   "sleep 60"   5 minutes ago   Up 4 minutes   blue       shop\n';
    expect(await agent.weft(["ps"])).toEqual({ code: 0, out, err: "" });
  });

  test.each([
    [["-aq"], "abababababab\ncdcdcdcdcdcd\n"],
    [["-q", "--no-trunc"], `${SHOP.Id}\n`],
    [
      ["-a", "--format", "{{.Names}}: {{.Status}}, {{.Command}}"],
      'shop: Up 4 minutes, "sleep 60"\njob: Exited (137) 2 hours ago, "sh -c echo a long c…"\n',
    ],
    [["-a", "--no-trunc", "--format", "{{.Command}}"], '"sleep 60"\n"sh -c echo a long command line"\n'],
  ])("%j", async (flags, out) => {
    expect(await agent.weft(["ps", ...flags])).toEqual({ code: 0, out, err: "" });
  });

  test("JSON", async () => {
    const [first] = (await agent.weft(["ps", "--format", "json"])).out.split("\n");
    expect(JSON.parse(first)).toEqual({
      ID: "abababababab",
      Command: '"sleep 60"',
      RunningFor: "5 minutes ago",
      Status: "Up 4 minutes",
      Networks: "blue",
      Names: "shop",
      CreatedAt: "2026-11-22T11:55:00.000Z",
      State: "running",
      Labels: "",
    });
  });
});

test("weft inspect", async () => {
  expect(JSON.parse((await agent.weft(["inspect", "shop"])).out)).toEqual([SHOP]);
  expect(await agent.weft(["inspect", "-f", "{{.Networks.blue.MacAddress}} {{.Pid}}", "shop", "x"])).toEqual({
    code: 1,
    out: "02:42:0a:00:00:02 4711\n",
    err: 'container "x" not found\n',
  });
});

describe("weft logs", () => {
  test.each([
    [[], { follow: false, tail: null }, "out\n", "err\n"],
    [["-f", "--tail", "10"], { follow: true, tail: 10 }, "out\n", "err\n"],
    [["-n", "all", "-t"], { follow: false, tail: null }, "2026-11-22T12:00:00.000Z out\n", "2026-11-22T12:00:01.000Z err\n"],
  ])("%j", async (flags, asked, out, err) => {
    expect(await agent.weft(["logs", ...flags, "shop"])).toEqual({ code: 0, out, err });
    expect(agent.logsAsked).toEqual([{ reference: "shop", ...asked }]);
  });
});

describe("weft exec", () => {
  test("runs the command behind what leads into the sandbox; its exit code is this one's", async () => {
    const spawned: unknown[] = [];
    const spawn = (argv: readonly string[]) => {
      spawned.push(argv);
      return Promise.resolve(42);
    };
    expect(await agent.weft(["exec", "-it", "shop", "--", "ip", "-br", "addr"], { spawn })).toEqual({ code: 42, out: "", err: "" });
    expect(spawned).toEqual([["nsenter", "--net=/run/netns/weft-abababababab", "--", "ip", "-br", "addr"]]);
  });

  test.each([
    [["exec", "job", "--", "sh"], 1, "container job does not run: nothing can be run in it\n"],
    [["exec", "x", "--", "sh"], 1, 'container "x" not found\n'],
    [["exec", "shop"], 2, "weft exec: the command stands behind --, as in: weft exec shop -- ip route\n"],
    [["exec", "shop", "ip", "route"], 2, "weft exec: the command stands behind --, as in: weft exec shop -- ip route\n"],
    [["exec", "shop", "ip", "-br"], 2, "unknown option '-br' (the command and its flags stand behind --)\n"],
    [["exec", "--", "sh"], 2, "missing required argument 'container'\n"],
  ])("%j", async (args, code, err) => {
    expect(await agent.weft(args)).toEqual({ code, out: "", err });
  });
});

describe("ending", () => {
  test("stop: SIGTERM, and SIGKILL when the time is over", async () => {
    expect(await agent.weft(["stop", "-t", "0", "shop"])).toEqual({ code: 0, out: "shop\n", err: "" });
    expect(signals).toEqual([
      { name: "shop", signal: "SIGTERM" },
      { name: "shop", signal: "SIGKILL" },
    ]);
  });

  test("stop: what heeds SIGTERM is left at that, what has ended is left alone", async () => {
    end();
    expect(await agent.weft(["stop", "shop", "job", "x"])).toEqual({ code: 1, out: "shop\njob\n", err: 'container "x" not found\n' });
    expect(signals).toEqual([{ name: "shop", signal: "SIGTERM" }]);
  });

  test.each([
    [[], "SIGKILL"],
    [["-s", "hup"], "SIGHUP"],
    [["--signal", "10"], "SIGUSR1"],
  ])("kill %j", async (flags, signal) => {
    expect(await agent.weft(["kill", ...flags, "gone", "shop"])).toEqual({ code: 1, out: "shop\n", err: 'container "gone" not found\n' });
    expect(signals).toEqual([
      { name: "gone", signal },
      { name: "shop", signal },
    ]);
  });

  test("wait", async () => {
    end();
    expect(await agent.weft(["wait", "shop", "job"])).toEqual({ code: 0, out: "7\n7\n", err: "" });
  });

  test("rm", async () => {
    expect(await agent.weft(["rm", "shop", "job"])).toEqual({
      code: 1,
      out: "job\n",
      err: "container shop runs; stop it, or give --force\n",
    });
    expect(await agent.weft(["rm", "-f", "shop", "job"])).toEqual({ code: 0, out: "shop\njob\n", err: "" });
  });
});

test.each([
  ["ps --format xml", "Expected table, json, or a template"],
  ["ps --filter name=x", "unknown option '--filter'"],
  ["ps x", "too many arguments for 'ps'."],
  ["logs", "missing required argument 'container'"],
  ["logs --tail -1 shop", "option '-n, --tail <n>' argument '-1' is invalid. Expected a whole number from 0 to 1000000000."],
  ["logs --tail some shop", "Expected a whole number from 0 to 1000000000."],
  ["logs a b", "too many arguments for 'logs'."],
  ["stop", "missing required argument 'container'"],
  ["stop -t x shop", "option '-t, --time <seconds>' argument 'x' is invalid. Expected a whole number from 0 to 86400."],
  ["kill -s FOO shop", "option '-s, --signal <signal>' argument 'FOO' is invalid. Expected a signal, such as TERM or 15."],
  ["wait", "missing required argument 'container'"],
  ["rm", "missing required argument 'container'"],
  ["inspect", "missing required argument 'container'"],
])("%s is refused", async (text, message) => {
  const { code, out, err } = await agent.weft(text.split(" "));
  expect([code, out, agent.asked]).toEqual([2, "", []]);
  expect(err).toContain(message);
  expect(err.trimEnd().split("\n")).toHaveLength(1);
});
