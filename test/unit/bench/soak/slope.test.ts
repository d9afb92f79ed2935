import { describe, expect, test } from "vitest";
import { isFlat, type Point, trend } from "../../../../bench/soak/slope.ts";

const BOUND = 8;
/** A point a second for ten minutes. */
const series = (value: (second: number) => number, seconds = 600): Point[] =>
  Array.from({ length: seconds }, (_, at) => ({ at: at + 100, value: value(at) }));

describe("the line through a series", () => {
  test("of a straight line is that line", () => {
    const { perHour, climb, min, max, points } = trend(series((second) => 50 + second / 60));
    expect(perHour).toBeCloseTo(60);
    expect(climb).toBeCloseTo(599 / 60);
    expect([min, max, points]).toEqual([50, 50 + 599 / 60, 600]);
  });

  test("does not depend on when the clock began, nor on even steps", () => {
    const uneven = series((second) => second * 2).filter((_, i) => i % 7 === 0 || i > 500);
    expect(trend(uneven).perHour).toBeCloseTo(7200);
    expect(trend(uneven.map(({ at, value }) => ({ at: at + 1e6, value }))).perHour).toBeCloseTo(7200);
  });

  test("of one point has no slope, and is no proof of flatness", () => {
    const one = trend([{ at: 5, value: 7 }]);
    expect(one).toEqual({ perHour: 0, climb: 0, min: 7, max: 7, points: 1 });
    expect(isFlat(one, BOUND)).toBe(false);
  });
});

describe("flat", () => {
  test.each([
    ["a constant", () => 180, true],
    ["saw teeth of a collector, as high as the bound and higher", (s: number) => 180 + (s % 37) / 3, true],
    ["what falls", (s: number) => 180 - s / 10, true],
    ["a step that came late, within the bound", (s: number) => (s < 400 ? 180 : 184), true],
    ["a leak of 1 MiB a minute", (s: number) => 180 + s / 60, false],
    ["the same leak under saw teeth", (s: number) => 180 + s / 60 + (s % 37) / 3, false],
    ["a leak that stands still for half of the time", (s: number) => 180 + Math.max(0, s - 300) / 15, false],
  ])("%s: %#", (_, value, expected) => {
    expect(isFlat(trend(series(value)), BOUND)).toBe(expected);
  });
});
