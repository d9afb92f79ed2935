import { expect, test } from "vitest";
import { H_TICK, HEADER } from "../../../assembly/abi/layout.ts";
import { W_COUNTERS, WORKER_BYTES } from "../../../assembly/abi/worker.ts";
import { Probe } from "../../oracle/probe.ts";

test("an instance is bound to the block of its worker, and to none that does not exist", () => {
  const probe = new Probe({ workers: 3 });
  for (const worker of [2, 0, 1]) {
    expect(probe.call.attach(worker)).toBe(0);
    expect(probe.global("block")).toBe(probe.block + worker * WORKER_BYTES);
    expect(probe.global("counters")).toBe(probe.block + worker * WORKER_BYTES + W_COUNTERS);
  }
  expect(probe.call.attach(3)).toBe(1);
  expect(probe.call.attach(2 ** 31)).toBe(1);
  expect(probe.global("block")).toBe(probe.block + WORKER_BYTES);
});

test("the clock is the header's tick", () => {
  const probe = new Probe();
  probe.view.setUint32(HEADER + H_TICK, 0xfffffffe, true);
  expect(probe.call.now() >>> 0).toBe(0xfffffffe);
});
