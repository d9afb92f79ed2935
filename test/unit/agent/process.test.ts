import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import pino from "pino";
import { afterEach, expect, test } from "vitest";
import { signalled, tellManager } from "../../../host/agent/process.ts";

const MODULE = JSON.stringify(fileURLToPath(new URL("../../../host/agent/process.ts", import.meta.url)));
const socket = process.env.NOTIFY_SOCKET;
afterEach(() => {
  if (socket === undefined) delete process.env.NOTIFY_SOCKET;
  else process.env.NOTIFY_SOCKET = socket;
});

test.each(["SIGTERM", "SIGINT"] as const)("%s is told by name, and the process goes on until it has ended in order", async (signal) => {
  const stop = signalled();
  process.kill(process.pid, signal);
  expect(await stop).toBe(signal);
  // A second one is the system's again.
  expect(process.listenerCount(signal)).toBe(0);
});

test("a service manager that cannot be told is logged", () => {
  const lines: string[] = [];
  const log = pino(new Writable({ write: (chunk, _encoding, done) => done(void lines.push(String(chunk))) }));
  process.env.NOTIFY_SOCKET = "/nowhere/notify";
  tellManager("READY=1", log);
  expect(lines.join()).toContain("the service manager could not be told");
});

test("a process with something open in it ends soon when it is told to, with its exit code", async () => {
  const child = runs(`
    import { createServer } from "node:net";
    import { endSoon } from ${MODULE};
    createServer().listen(0, () => { process.exitCode = 3; endSoon(); });`);
  expect(await once(child, "exit")).toEqual([3, null]);
});

test.each([
  ["uncaughtException", 'setImmediate(() => { throw new TypeError("nobody has thought of it"); })'],
  ["unhandledRejection", 'void Promise.reject(new TypeError("nobody has thought of it"))'],
])("%s: one line of the log with its stack, exit 1", async (origin, defect) => {
  const child = runs(`
    import { openLog } from ${MODULE};
    openLog("a");
    setInterval(() => {}, 1000);
    ${defect};`);
  const [stderr, exit] = await Promise.all([text(child.stderr), once(child, "exit")]);
  expect(exit).toEqual([1, null]);
  const lines = stderr.trimEnd().split("\n");
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0])).toMatchObject({
    level: pino.levels.values.fatal,
    node: "a",
    origin,
    err: { type: "TypeError", message: "nobody has thought of it", stack: expect.stringContaining("at ") },
  });
});

function runs(program: string): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, ["--input-type=module", "-e", program]);
}
