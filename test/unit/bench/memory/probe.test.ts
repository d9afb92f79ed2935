// The probe on threads of our own that, like the data path's, never return to their event loop: one allocates, one does not.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ProbeClient, probed } from "../../../../bench/memory/client.ts";
import { allocators } from "../../../../bench/memory/profile.ts";
import { eventually } from "../../../../lab/wait.ts";

const WARM_MS = 300;
const WINDOW_MS = 500;
const THREAD = `
import { readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
const word = new Int32Array(new SharedArrayBuffer(8));
globalThis.kept = null;
function allocate() { globalThis.kept = { number: word[1] }; }
parentPort.postMessage("up");
if (workerData === "sleeps") readSync(0, new Uint8Array(1));
for (;;) {
  Atomics.wait(word, 0, 0, 1);
  for (let i = 0; i < 1000; i++) { word[1]++; if (workerData === "allocates") allocate(); }
}`;
const PROGRAM = `
import { Worker } from "node:worker_threads";
const file = process.argv[2];
const names = process.argv[3].split(",").filter((name) => name !== "none");
const threads = names.map((name) => new Worker(file, { workerData: name, name }));
await Promise.all(threads.map((thread) => new Promise((resolve) => thread.once("message", resolve))));
console.log("up");
setInterval(() => {}, 1000);`;

let directory: string;
const children: ChildProcess[] = [];

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-probe-"));
  writeFileSync(join(directory, "program.mjs"), PROGRAM);
  writeFileSync(join(directory, "piscina-thread.mjs"), THREAD);
});

afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

async function start(mode: string): Promise<ProbeClient> {
  const socket = join(directory, `${mode}.sock`);
  const argv = [join(directory, "program.mjs"), join(directory, "piscina-thread.mjs"), mode];
  const child = spawn(process.execPath, argv, { env: { ...process.env, ...probed(socket) }, stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  await once(child.stdout, "data");
  return eventually("the probe's socket", () => ProbeClient.open(socket));
}

test("tells what each thread allocates, and where, of threads that never return to their event loop", async () => {
  const client = await start("allocates,rests");
  await delay(WARM_MS);
  await client.start();
  await delay(WINDOW_MS);
  const reports = (await client.stop()).filter((report) => report !== null);
  client.close();
  const bytesOf = (name: string) => allocators(reports.filter((report) => report.name.includes(name)).map(({ profile }) => profile));
  expect(reports.map(({ name }) => name).sort()).toEqual(["[worker 1] allocates", "[worker 2] rests"]);
  const [most] = bytesOf("allocates");
  expect(most.place).toMatch(/piscina-thread/);
  // An object of one number in each of a thousand rounds a millisecond or two, at least.
  expect(most.bytes).toBeGreaterThan(1000 * 16 * 20);
  expect(bytesOf("rests").reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(most.bytes / 20);
});

test("a thread that sleeps in a system call is told apart, until it wakes", async () => {
  const client = await start("sleeps,allocates");
  await client.start();
  const names = (await client.stop()).map((report) => report?.name);
  // Which of them starts first is chance.
  expect(names.sort()).toEqual(["[worker 2] allocates", undefined]);
  children[children.length - 1].stdin?.end("x");
  await eventually("the thread to have woken", async () => {
    await client.start();
    return (await client.stop()).every((report) => report !== null);
  });
  client.close();
});

test("says so when there is no data path thread", async () => {
  const client = await start("none");
  await expect(client.start()).rejects.toThrow(/no data path thread/);
  client.close();
});
