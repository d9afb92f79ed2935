// What networks that are gone have counted, on a memory that is laid out as the core's is.

import { expect, test } from "vitest";
import * as abi from "../../../assembly/abi/index.ts";
import { FormerCounters } from "../../../host/control/former.ts";
import { createMemory, workerBlock } from "../../../host/core/layout.ts";
import { readCounters } from "../../../host/core/read.ts";

const WORKERS = 2;

function stand() {
  const memory = createMemory({ workers: WORKERS, fdbCapacity: 16, addressCapacity: 16, features: 0 });
  const count = (worker: number, network: number, frames: bigint) => {
    const at = workerBlock(memory, worker) + abi.W_COUNTERS + network * abi.COUNTER_ROW_BYTES;
    new BigUint64Array(memory.buffer, at, abi.COUNTERS)[1] += frames;
  };
  return { memory, count, former: new FormerCounters({ memory, workers: WORKERS }) };
}

test("a network's counters are in the sum from its withdrawal on, once, and by worker", () => {
  const { count, former } = stand();
  count(0, 3, 5n);
  count(1, 3, 7n);
  expect(former.counters(0)[1]).toBe(0n);
  former.leave(3);
  count(0, 3, 1n);
  expect([former.counters(0)[1], former.counters(1)[1]]).toEqual([6n, 7n]);
  former.free(3);
  expect([former.counters(0)[1], former.counters(1)[1]]).toEqual([6n, 7n]);
});

test("the next network of the index begins with nothing, and adds to the sum when it goes", () => {
  const { memory, count, former } = stand();
  count(0, 3, 5n);
  former.leave(3);
  former.free(3);
  expect(readCounters(memory, 0, 3)[1]).toBe(0n);
  count(0, 3, 2n);
  expect(former.counters(0)[1]).toBe(5n);
  former.leave(3);
  former.free(3);
  expect(former.counters(0)[1]).toBe(7n);
});

test("what is answered is a copy", () => {
  const { count, former } = stand();
  count(0, 3, 5n);
  former.leave(3);
  former.free(3);
  former.counters(0).fill(99n);
  expect(former.counters(0)[1]).toBe(5n);
});
