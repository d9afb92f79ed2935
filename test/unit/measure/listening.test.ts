import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { listens, listensAt } from "../../../host/measure/listening.ts";

test.each(["127.0.0.1", "::"])("a socket of this process that listens at %s is seen, and no more once it is closed", async (address) => {
  const server = createServer().listen(0, address);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  expect(listensAt(process.pid, port)).toBe(true);
  // Another process does not listen there, though it is in the same namespace.
  expect(listensAt(process.ppid, port)).toBe(false);
  server.close();
  await once(server, "close");
  expect(listensAt(process.pid, port)).toBe(false);
});

test("a process that is no more listens nowhere", () => {
  expect(listensAt(2 ** 22 + 1, 80)).toBe(false);
});

test("is waited for, until it listens or ends", async () => {
  const script = 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => console.log(s.address().port))';
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [text] = await once(child.stdout, "data");
  expect(await listens(child, Number(text))).toBe(true);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(await listens(child, Number(text))).toBe(false);
});
