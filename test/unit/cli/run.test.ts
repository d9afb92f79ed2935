import { afterEach, describe, expect, test } from "vitest";
import type { LogLine } from "../../../host/model/cluster/answers.ts";
import { OperationError } from "../../../host/model/errors.ts";
import { eventually } from "../../../lab/wait.ts";
import { type FakeAgent, fakeAgent } from "./weft.ts";

const ID = "cd".repeat(32);
const line = (stream: LogLine["stream"], log: string): LogLine => ({ stream, log, time: "2026-11-22T12:00:00.000Z" });

let agent: FakeAgent;
afterEach(() => agent.close());

/** An agent whose containers write this and end with 3, or as soon as they are signalled. */
async function start(lines: LogLine[] = [], options: { untilSignal?: boolean; logsFail?: boolean; warnings?: string[] } = {}) {
  let ended = () => {};
  const end = options.untilSignal ? new Promise<void>((done) => (ended = done)) : Promise.resolve();
  agent = await fakeAgent(
    {
      "container.run": () => ({ Id: ID, Warnings: options.warnings ?? [] }),
      "container.wait": async () => {
        await end;
        return { StatusCode: options.untilSignal ? 143 : 3 };
      },
      "container.signal": () => {
        ended();
        return {};
      },
      "container.rm": ({ names }) => ({ removed: names, refused: [] }),
    },
    async function* () {
      yield* lines;
      await end;
      if (options.logsFail) throw new OperationError("log cannot be read");
    },
  );
}
const names = () => agent.asked.map(({ name }) => name);

describe("what is asked", () => {
  test("everything", async () => {
    await start();
    const flags =
      "run -d --network blue --network red --name shop --ip 10.1.0.7 --ip6 fd00::7 --mac 02:42:0a:01:00:07 --network-alias a --alias b -e K=V=W -e HERE -e NOT " +
      "-w /srv -l app=shop --label plain -- sh -c echo -d";
    expect(await agent.weft(flags.split(" "), { env: { WEFT_HOST: agent.host, HERE: "x y" } })).toEqual({
      code: 0,
      out: `${ID}\n`,
      err: "",
    });
    expect(agent.asked).toEqual([
      {
        name: "container.run",
        input: {
          name: "shop",
          networks: ["blue", "red"],
          command: ["sh", "-c", "echo", "-d"],
          environment: ["K=V=W", "HERE=x y"],
          workingDirectory: "/srv",
          ips: ["10.1.0.7", "fd00::7"],
          mac: "02:42:0a:01:00:07",
          aliases: ["a", "b"],
          labels: { app: "shop", plain: "" },
        },
      },
    ]);
  });

  test("no more than must be", async () => {
    await start([], { warnings: ["node b is drained"] });
    expect(await agent.weft(["run", "-d", "--network", "blue", "--", "true"])).toEqual({
      code: 0,
      out: `${ID}\n`,
      err: "WARNING: node b is drained\n",
    });
    expect(agent.asked[0].input).toEqual({ networks: ["blue"], command: ["true"], environment: [], ips: [], aliases: [], labels: {} });
  });
});

describe("in the foreground", () => {
  test("its outputs by stream, and its exit code", async () => {
    await start([line("stdout", "one\n"), line("stderr", "wrong\n"), line("stdout", "no newline")]);
    expect(await agent.weft(["run", "--network", "blue", "--", "x"])).toEqual({ code: 3, out: "one\nno newline", err: "wrong\n" });
    expect(agent.logsAsked).toEqual([{ reference: ID, follow: true, tail: null }]);
    expect(names()).toEqual(["container.run", "container.wait"]);
  });

  test("--rm", async () => {
    await start();
    expect((await agent.weft(["run", "--rm", "--network", "blue", "--", "x"])).code).toBe(3);
    expect(names()).toEqual(["container.run", "container.wait", "container.rm"]);
    expect(agent.asked[2].input).toEqual({ names: [ID], force: true });
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const)("%s is passed on, and does not end this", async (signal) => {
    await start([], { untilSignal: true });
    const before = process.listenerCount(signal);
    const running = agent.weft(["run", "--network", "blue", "--", "x"]);
    await eventually("the log to be followed", () => agent.logsAsked.length === 1);
    process.emit(signal);
    expect((await running).code).toBe(143);
    expect(agent.asked.find(({ name }) => name === "container.signal")?.input).toEqual({ name: ID, signal });
    expect(process.listenerCount(signal)).toBe(before);
  });

  test("when the log is lost, the container is not", async () => {
    await start([line("stdout", "one\n")], { logsFail: true });
    const err = "log cannot be read; the container itself is not touched: weft logs -f cdcdcdcdcdcd\n";
    expect(await agent.weft(["run", "--network", "blue", "--", "x"])).toEqual({ code: 1, out: "one\n", err });
  });
});

test.each([
  ["run --network blue", "weft run: the command stands behind --, as in: weft run --network blue -- sleep 60"],
  ["run --network blue --", "the command stands behind --"],
  ["run --network blue sleep 1", "the command stands behind --"],
  ["run --network blue sleep -x", "unknown option '-x' (the command and its flags stand behind --)"],
  ["run --network blue x -- y", "the command stands behind --"],
  ["run -- sleep 1", "weft run needs --network NAME"],
  [
    "run -i --network blue -- sh",
    "weft run -i: nothing is attached to a terminal or an input; use 'weft run -d' and then 'weft exec NAME -- sh'",
  ],
  ["run -t --network blue -- sh", "weft run -t: "],
  ["run -it --network blue -- sh", "weft run -i: "],
  ["run -d --rm --network blue -- sh", "weft run --rm with --detach: nobody would wait to remove it"],
  ["run --name a/b --network blue -- sh", "option '--name <name>' argument 'a/b' is invalid. Expected a letter or digit"],
  ["run --ip 10.0.0.0/24 --network blue -- sh", "option '--ip <ip>' argument '10.0.0.0/24' is invalid."],
  ["run --ip6 10.0.0.1 --network blue -- sh", "Expected an IPv6 address."],
  ["run --mac x --network blue -- sh", "option '--mac <mac>' argument 'x' is invalid."],
  ["run -e =x --network blue -- sh", "option '-e, --env <key=value>' argument '=x' is invalid. Expected KEY=VALUE."],
  ["run -l = --network blue -- sh", "option '-l, --label <key=value>' argument '=' is invalid."],
  ["run --publish 80:80 --network blue -- sh", "unknown option '--publish'"],
])("%s is refused before anybody is asked", async (text, message) => {
  await start();
  const { code, out, err } = await agent.weft(text.split(" "));
  expect([code, out, agent.asked]).toEqual([2, "", []]);
  expect(err).toContain(message);
  expect(err.trimEnd().split("\n")).toHaveLength(1);
});
