import { expect, test } from "vitest";
import { median, quantile, ratios, summarise, trimmedMean } from "../../../bench/statistics.ts";
import fc from "../../oracle/property.ts";

test("the median of an even number is between the middle two", () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([3, 1, 2])).toBe(2);
  expect(median([])).toBeNaN();
});

test("a summary has the ends", () => {
  expect(summarise([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
});

test("a trimmed mean leaves out both ends and counts what lies on the edge in part", () => {
  expect(trimmedMean([1000, 2, 3, 4, 5, 6, 7, 8, 9, 0], 0.1)).toBe(5.5);
  // 5 values, 0.5 cut from each side: half of 0, all of 1, 2, 3, half of 4.
  expect(trimmedMean([0, 1, 2, 3, 4], 0.1)).toBeCloseTo((0 * 0.5 + 1 + 2 + 3 + 4 * 0.5) / 4);
  expect(trimmedMean([], 0.1)).toBeNaN();
});

test("a trimmed mean tells more than the clock's step", () => {
  const times = [...Array(60).fill(5), ...Array(40).fill(6)];
  expect(trimmedMean(times, 0.1)).toBeCloseTo((50 * 5 + 30 * 6) / 80);
});

test("a trimmed mean lies between the least and the greatest, and without a cut it is the mean", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 }),
      fc.double({ min: 0, max: 0.49, noNaN: true }),
      (values, part) => {
        const mean = trimmedMean(values, part);
        expect(mean).toBeGreaterThanOrEqual(Math.min(...values) - 1e-6);
        expect(mean).toBeLessThanOrEqual(Math.max(...values) + 1e-6);
        expect(trimmedMean(values, 0)).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 3);
      },
    ),
  );
});

test("ratios are taken round by round, and only where there is one", () => {
  expect(ratios([2, 9, 4], [1, 3, 8])).toEqual([2, 3, 0.5]);
  expect(ratios([2, 3], [0, Number.NaN])).toEqual([]);
});

test("a quantile is one of the values: the one that a share of them does not exceed", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect([0, 0.5, 0.99, 1].map((q) => quantile(hundred, q))).toEqual([1, 50, 99, 100]);
  expect(quantile([7], 0.99)).toBe(7);
  expect(quantile([], 0.5)).toBeNaN();
});
