// The store's thread by itself: groups, and time in which it stood still.

import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Ask, StoreThreadData, Told } from "../../../../host/store/embedded/thread.ts";
import { eventually } from "../../../../lab/wait.ts";
import { bytes, callOf } from "./asking.ts";

let worker: Worker;
let told: Exclude<Told, { opened: unknown } | { cannotOpen: string }>[];

beforeEach(async () => {
  const workerData: StoreThreadData = { file: ":memory:", fileBytesMax: undefined, tickMs: 50 };
  worker = new Worker(new URL("../../../../host/store/embedded/thread.ts", import.meta.url), { workerData, execArgv: [] });
  const [first] = (await once(worker, "message")) as [Told];
  expect(first).toMatchObject({ revision: 1n });
  told = [];
  worker.on("message", (message) => told.push(message));
});

afterEach(async () => {
  await worker.terminate();
});

const putOf = (id: number): Ask => ({ id, call: callOf("put", { key: bytes("a"), value: bytes(`${id}`) }) });
const answered = () => told.flatMap(({ outcomes }) => outcomes.map(({ id }) => id));

test("what waits is one group: many messages, few answers, each with its revision", async () => {
  const ids = Array.from({ length: 200 }, (_, n) => n + 1);
  for (const id of ids) worker.postMessage([putOf(id)]);
  await eventually("all answers", () => answered().length === ids.length);
  expect(answered()).toEqual(ids);
  expect(told.length).toBeLessThan(ids.length / 2);
  expect(told.flatMap(({ commits }) => commits.map(({ revision }) => Number(revision)))).toEqual(ids.map((id) => id + 1));
});

test("history shows what was committed in the same message, and closing answers last", async () => {
  const history = { interval: { kind: "rest" as const, from: bytes("\0") }, from: 1n, prevKv: false, eventsMax: 10, bytesMax: 1e6 };
  worker.postMessage([{ id: 1, history }, putOf(2), { id: 3, snapshot: "/proc/none" }, { id: 4, close: true }] satisfies Ask[]);
  await once(worker, "exit");
  const outcomes = new Map(told.flatMap((message) => message.outcomes).map(({ id, outcome }) => [id, outcome]));
  expect(outcomes.get(1)).toMatchObject({ answer: { next: 3n, events: [{ type: 0 }] } });
  expect(outcomes.get(3)).toMatchObject({ failed: "no such file or directory" });
  expect([...outcomes.keys()].at(-1)).toBe(4);
});

test("leases do not end by time in which nobody ticked", async () => {
  const put = callOf("put", { key: bytes("a"), lease: 1n });
  worker.postMessage([
    { id: 1, call: callOf("leaseGrant", { ID: 1n, TTL: 2n }) },
    { id: 2, call: put },
  ] satisfies Ask[]);
  // As after SIGSTOP, or a main thread that was busy: longer than the lease, and no tick came.
  await delay(2_300);
  const ticks = [{ id: 0, tick: true as const }];
  worker.postMessage(ticks);
  worker.postMessage([{ id: 3, call: callOf("leaseTimeToLive", { ID: 1n }) }] satisfies Ask[]);
  await eventually("the answer", () => answered().includes(3));
  const left = told.flatMap(({ outcomes }) => outcomes).find(({ id }) => id === 3)?.outcome;
  // Whole seconds, of which how many is the machine's business; one that has ended has -1.
  const { TTL } = (left as unknown as { answer: { TTL: bigint } }).answer;
  expect(TTL).toBeGreaterThanOrEqual(0n);
});
