import { expect, test } from "vitest";
import { H_GENERATION, H_STOP, HEADER } from "../../../assembly/abi/layout.ts";
import { W_GENERATION, W_STATE, WORKER_BYTES, WORKER_IDLE, WORKER_RUNNING } from "../../../assembly/abi/worker.ts";
import { Probe } from "../../oracle/probe.ts";

test("a worker that wakes says so, in its own block, and learns the generation without claiming to have followed it", () => {
  const probe = new Probe({ workers: 2 });
  const word = (at: number) => probe.view.getUint32(at, true);
  probe.call.attach(1);
  probe.view.setUint32(HEADER + H_GENERATION, 7, true);
  expect(probe.call.wake()).toBe(7);
  expect(word(probe.block + WORKER_BYTES + W_STATE)).toBe(WORKER_RUNNING);
  expect(word(probe.block + WORKER_BYTES + W_GENERATION)).toBe(0);
  expect(word(probe.block + W_STATE)).toBe(WORKER_IDLE);
});

test("one that rests says so, and is told when it is to end", () => {
  const probe = new Probe();
  probe.call.wake();
  expect(probe.call.rest()).toBe(0);
  expect(probe.view.getUint32(probe.block + W_STATE, true)).toBe(WORKER_IDLE);
  probe.view.setUint32(HEADER + H_STOP, 1, true);
  expect(probe.call.rest()).toBe(1);
});
