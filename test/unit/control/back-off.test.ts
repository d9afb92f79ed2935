import { expect, test } from "vitest";
import { BackOff } from "../../../host/control/back-off.ts";

/** Refused at once each time that it is tried: the waits, in seconds. */
function waits(backOff: BackOff, from: number, count: number): number[] {
  let now = from;
  return Array.from({ length: count }, () => {
    const wait = backOff.refused(now);
    expect([backOff.waiting, backOff.over(now), backOff.over(now + wait - 1)]).toEqual([true, false, false]);
    now += wait;
    expect([backOff.over(now), backOff.waiting, backOff.over(now)]).toEqual([true, false, false]);
    return wait / 1000;
  });
}

test("waits double up to a minute", () => {
  expect(waits(new BackOff(), 5, 9)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
});

test("what went well for a minute is tried soon again; what did not, is not", () => {
  const backOff = new BackOff();
  waits(backOff, 0, 3);
  expect(backOff.refused(7000 + 59_999)).toBe(8000);
  expect(backOff.over(75_000)).toBe(true);
  expect(backOff.refused(75_000 + 60_000)).toBe(1000);
});

test("nothing is tried that was not refused", () => {
  expect(new BackOff().over(1e9)).toBe(false);
});
