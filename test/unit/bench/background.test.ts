import { expect, test } from "vitest";
import { background, busySeconds } from "../../../bench/background.ts";

test("busy is everything but idle, waiting for disks and what a hypervisor took", () => {
  expect(busySeconds("cpu  100 20 300 99999 5555 40 50 777 0 0\ncpu0 1 2 3\n")).toBeCloseTo(5.1);
});

test("this kernel's own line is read, and time only grows", async () => {
  const before = busySeconds();
  expect(await background()).toBeGreaterThanOrEqual(0);
  expect(busySeconds()).toBeGreaterThanOrEqual(before);
});
