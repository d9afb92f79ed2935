import { expect, test } from "vitest";
import { backgroundCpus, busySeconds } from "../../../host/measure/cpu.ts";

test("busy are user, nice, system and interrupts; not idle, waiting or stolen time", () => {
  expect(busySeconds("cpu  100 200 300 9999 8888 400 500 7777 50 60\ncpu0 1 2 3 4 5 6 7 8 9 10\n")).toBe(15);
});

test("work of this process is seen", () => {
  const begin = busySeconds();
  const own = process.cpuUsage();
  // 0.3 s of CPU time, however long a busy machine takes to give it.
  let spins = 0;
  while (process.cpuUsage(own).user + process.cpuUsage(own).system < 300_000) spins++;
  expect(spins).toBeGreaterThan(0);
  expect(busySeconds() - begin).toBeGreaterThan(0.2);
});

test("the background is a number of CPUs, and ends early when it is stopped", async () => {
  const busy = await backgroundCpus(new AbortController().signal);
  expect(busy).toBeGreaterThanOrEqual(0);
  expect(busy).toBeLessThan(1000);
  await expect(backgroundCpus(AbortSignal.abort("SIGINT"))).rejects.toThrow();
});
