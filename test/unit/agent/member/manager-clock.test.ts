import { expect, test } from "vitest";
import { ManagerClock } from "../../../../host/agent/member/manager-clock.ts";

const HOUR_MS = 3_600_000;

test("a clock that is an hour wrong tells the same as one that is right", async () => {
  let trueMs = 1_000_000;
  const clock = new ManagerClock(() => trueMs + HOUR_MS);
  await clock.sample(async () => {
    trueMs += 2;
    const answer = trueMs;
    trueMs += 2;
    return answer;
  });
  const stamped = new Date(trueMs).toISOString();
  trueMs += 30;
  expect(clock.secondsSince(stamped)).toBeCloseTo(0.03, 6);
});

test("the quickest round trip counts", async () => {
  let trueMs = 0;
  const clock = new ManagerClock(() => trueMs);
  const roundTrip = (thereMs: number, backMs: number) =>
    clock.sample(async () => {
      trueMs += thereMs;
      const answer = trueMs;
      trueMs += backMs;
      return answer;
    });
  await roundTrip(100, 0);
  await roundTrip(1, 1);
  await roundTrip(0, 50);
  const stamped = new Date(trueMs).toISOString();
  trueMs += 10;
  expect(clock.secondsSince(stamped)).toBeCloseTo(0.01, 6);
});

test("before the first round trip nothing is told; never less than nothing", async () => {
  const clock = new ManagerClock(() => 5000);
  expect(clock.secondsSince(new Date(0).toISOString())).toBeNull();
  await clock.sample(async () => 5000);
  expect(clock.secondsSince(new Date(6000).toISOString())).toBe(0);
});

test("a clock that is set, here or there, makes what was before count no more", async () => {
  let [trueMs, hereMs, thereMs] = [0, 0, 0];
  const clock = new ManagerClock(() => trueMs + hereMs);
  const roundTrip = (ms: number) =>
    clock.sample(async () => {
      trueMs += ms;
      return trueMs + thereMs - ms / 2;
    });
  const told = () => clock.secondsSince(new Date(trueMs + thereMs - 10).toISOString());
  await roundTrip(2);
  thereMs = -2 * HOUR_MS;
  await roundTrip(8);
  expect(told()).toBeCloseTo(0.01, 6);
  hereMs = HOUR_MS;
  await roundTrip(20);
  expect(told()).toBeCloseTo(0.01, 6);
});
