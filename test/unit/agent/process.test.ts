import { spawn } from "node:child_process";
import { once } from "node:events";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import pino from "pino";
import { afterEach, expect, test } from "vitest";
import { signalled, tellManager } from "../../../host/agent/process.ts";

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
  const program = `
    import { createServer } from "node:net";
    import { endSoon } from ${JSON.stringify(fileURLToPath(new URL("../../../host/agent/process.ts", import.meta.url)))};
    createServer().listen(0, () => { process.exitCode = 3; endSoon(); });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program]);
  expect(await once(child, "exit")).toEqual([3, null]);
});
