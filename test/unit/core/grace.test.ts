import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../../assembly/abi/index.ts";
import { Grace } from "../../../host/core/grace.ts";
import { createMemory, workerBlock } from "../../../host/core/layout.ts";

let memory: WebAssembly.Memory;
let grace: Grace;
beforeEach(() => {
  memory = createMemory({ workers: 3, fdbCapacity: 10, addressCapacity: 10, features: 0 });
  grace = new Grace(memory);
});

/** What a worker does at the top of a breath. */
function breathe(worker: number, state = abi.WORKER_RUNNING): void {
  const words = new Int32Array(memory.buffer, workerBlock(memory, worker), 2);
  Atomics.store(words, abi.W_STATE / 4, state);
  Atomics.store(words, abi.W_GENERATION / 4, Atomics.load(new Int32Array(memory.buffer, abi.HEADER), abi.H_GENERATION / 4));
}

const sleep = (worker: number) => Atomics.store(new Int32Array(memory.buffer, workerBlock(memory, worker), 1), 0, abi.WORKER_IDLE);

describe("a grace period", () => {
  test("is over at once when every worker sleeps", () => {
    expect(grace.isOver(grace.begin())).toBe(true);
  });

  test("lasts until each running worker has begun a breath since", () => {
    breathe(0);
    breathe(2);
    const generation = grace.begin();
    expect(grace.isOver(generation)).toBe(false);
    breathe(0);
    expect(grace.isOver(generation)).toBe(false);
    breathe(2);
    expect(grace.isOver(generation)).toBe(true);
  });

  test("is over for a worker that fell asleep", () => {
    breathe(1);
    const generation = grace.begin();
    sleep(1);
    expect(grace.isOver(generation)).toBe(true);
  });

  test("begun later ends later", () => {
    breathe(0);
    const first = grace.begin();
    breathe(0);
    const second = grace.begin();
    expect([grace.isOver(first), grace.isOver(second)]).toEqual([true, false]);
  });

  test("survives the wrap of the generation", () => {
    new Uint32Array(memory.buffer, abi.HEADER)[abi.H_GENERATION / 4] = 2 ** 31 - 1;
    breathe(0);
    const generation = grace.begin();
    expect(grace.isOver(generation)).toBe(false);
    breathe(0);
    expect(grace.isOver(generation)).toBe(true);
  });
});

describe("waiting", () => {
  test("ends when the last worker has breathed", async () => {
    breathe(0);
    const waiting = grace.over(grace.begin());
    breathe(0);
    await waiting;
  });

  test("for a breath is more than for sleep: a sleeper must wake", async () => {
    for (const worker of [0, 1, 2]) breathe(worker, abi.WORKER_IDLE);
    const generation = grace.begin();
    await grace.over(generation);
    await expect(grace.seen(generation, 20)).rejects.toThrow("a worker has not begun a new breath");
    for (const worker of [0, 1, 2]) breathe(worker, abi.WORKER_IDLE);
    await grace.seen(generation);
  });

  test("for a worker that hangs is given up", async () => {
    breathe(0);
    await expect(grace.over(grace.begin(), 20)).rejects.toThrow("a worker has not begun a new breath for 20 ms");
  });
});
