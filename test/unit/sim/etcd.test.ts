// Random schedules of create, run, move, rm, kill and partition in virtual time, with one to three managers over a store that none of them takes along when it ends.
// Seeded: WEFT_SEED and WEFT_SCHEDULES, see many.ts.

import { expect, test } from "vitest";
import { seed } from "../../oracle/random.ts";
import { COUNT, FIRST, performMany } from "./many.ts";
import { perform, scheduleOf } from "./schedule.ts";

const TIME_MS = 60 * COUNT * 60;

test(`${COUNT} schedules from ${FIRST}: one owner an address and a MAC address, and in the end all tables are what they should be`, {
  timeout: TIME_MS,
}, async () => {
  await performMany("etcd");
});

test("a schedule goes the same way each time", async () => {
  const schedule = scheduleOf(seed, false);
  const [first, second] = [await perform(schedule, true), await perform(schedule, true)];
  const lines = (all: string[]) => all.map((line) => line.replaceAll(/weft-sim-\w+/g, ""));
  expect(lines(second.lines)).toEqual(lines(first.lines));
  expect(first.lines.length).toBeGreaterThan(50);
});
