// The main thread's end: bounds, order of what is told, and a thread that dies.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import { OperationError } from "../../../../host/model/errors.ts";
import type { Methods } from "../../../../host/store/embedded/call.ts";
import { StoreThread, type StoreThreadOptions } from "../../../../host/store/embedded/store-thread.ts";
import { eventually } from "../../../../lab/wait.ts";
import { bytes, callOf } from "./asking.ts";

let folder: string;
let threads: StoreThread[];
let deaths: OperationError[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weft-thread-"));
  threads = [];
  deaths = [];
});
afterEach(async () => {
  for (const thread of threads) await thread.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(options: Partial<StoreThreadOptions> = {}): Promise<{ thread: StoreThread; worker: Worker }> {
  let worker: Worker | undefined;
  process.once("worker", (made) => {
    worker = made;
  });
  const onDeath = (error: OperationError) => deaths.push(error);
  const thread = await StoreThread.open({ file: join(folder, "store.db"), onCommits: () => {}, onDeath, ...options });
  threads.push(thread);
  if (!worker) throw new Error("no thread was made");
  return { thread, worker };
}

const request = (key: string, value = bytes("")): Methods["put"][0] =>
  callOf("put", { key: bytes(key), value }).request as Methods["put"][0];

test("commits are told before those who made them are answered", async () => {
  const order: string[] = [];
  const { thread } = await open({ onCommits: (commits) => order.push(...commits.map(({ revision }) => `commit ${revision}`)) });
  await Promise.all(
    ["a", "b"].map(async (key) => {
      const { header } = await thread.call("put", request(key));
      order.push(`answer ${header?.revision}`);
    }),
  );
  expect(order).toEqual(["commit 2", "commit 3", "answer 2", "answer 3"]);
  expect(thread.revision).toBe(3n);
});

test("what is refused is worded as etcd words it", async () => {
  const { thread } = await open();
  await expect(thread.call("put", request(""))).rejects.toMatchObject({ name: "GrpcFailure", message: "etcdserver: key is not provided" });
  await expect(thread.snapshot(join(folder, "none", "copy"))).rejects.toMatchObject({
    message: expect.stringMatching(/^store .*store\.db: /),
  });
});

test("requests that wait are bounded, in number and in size", async () => {
  const { thread } = await open();
  const tooMany = { message: "etcdserver: too many requests" };
  const range = callOf("range", { key: bytes("a") }).request as Methods["range"][0];
  const waiting = Array.from({ length: 10_000 }, () => thread.call("range", range));
  await expect(thread.call("range", range)).rejects.toMatchObject(tooMany);
  await Promise.all(waiting);
  // Of a lease that there is not: refused, so that nothing has to be written.
  const large = { ...request("a", new Uint8Array(1024 ** 2)), lease: 9n };
  const heavy = Array.from({ length: 63 }, () => expect(thread.call("put", large)).rejects.toThrow("lease not found"));
  await expect(thread.call("put", { ...large, key: bytes("aa") })).rejects.toMatchObject(tooMany);
  await Promise.all(heavy);
  expect((await thread.call("put", request("a"))).header?.revision).toBe(2n);
});

test("a file that cannot be opened is named", async () => {
  await open();
  const opening = StoreThread.open({ file: join(folder, "store.db"), onCommits: () => {}, onDeath: () => {} });
  await expect(opening).rejects.toThrow(OperationError);
  await expect(opening).rejects.toThrow(`store ${join(folder, "store.db")}: in use by process ${process.pid}`);
});

test("a thread that dies rejects all that waits and all that comes", async () => {
  const { thread, worker } = await open();
  const waiting = thread.call("put", request("a"));
  const rejected = expect(waiting).rejects.toMatchObject({
    code: 14,
    message: expect.stringMatching(/server stopped \(store .*: its thread ended\)/),
  });
  await worker.terminate();
  await rejected;
  await eventually("the death to be told", () => deaths.length === 1);
  expect(deaths[0].message).toBe(`store ${join(folder, "store.db")}: its thread ended`);
  await expect(thread.call("put", request("a"))).rejects.toMatchObject({ code: 14 });
});

test("what was asked before closing is answered, what comes after is not", async () => {
  const { thread } = await open();
  const waiting = thread.call("put", request("a"));
  const closing = thread.close();
  await expect(thread.call("put", request("b"))).rejects.toMatchObject({ code: 14, message: "etcdserver: server stopped" });
  expect((await waiting).header?.revision).toBe(2n);
  await closing;
  expect(deaths).toEqual([]);
});
