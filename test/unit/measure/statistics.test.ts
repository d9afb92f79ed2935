import { describe, expect, test } from "vitest";
import { interquartileMean, median, medianRatio, percentile, summarise } from "../../../host/measure/statistics.ts";
import fc from "../../oracle/property.ts";

const values = fc.array(fc.double({ min: 0.001, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 40 });

describe("one number for many", () => {
  test("the median", () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  test("the interquartile mean leaves out the lowest and the highest quarter", () => {
    expect(interquartileMean([1, 2, 3, 1000])).toBe(2.5);
    expect(interquartileMean([0, 10, 11, 12, 13, 14, 15, 9999])).toBe(12.5);
    expect(interquartileMean([7])).toBe(7);
    expect(interquartileMean([])).toBeNaN();
  });

  test("a percentile is one of the values (nearest rank)", () => {
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(percentile(hundred, 99)).toBe(99);
    expect(percentile(hundred, 100)).toBe(100);
    expect(percentile([1, 2, 3], 99)).toBe(3);
    expect(percentile([2, 1], 0)).toBe(1);
    expect(percentile([], 99)).toBeNaN();
  });

  test("all lie among the values, in whatever order these come, and leave them as they are", () => {
    fc.assert(
      fc.property(values, (list) => {
        const before = [...list];
        const [low, high] = [Math.min(...list), Math.max(...list)];
        for (const one of [median(list), interquartileMean(list), percentile(list, 99)]) {
          expect(one).toBeGreaterThanOrEqual(low * (1 - 1e-9));
          expect(one).toBeLessThanOrEqual(high * (1 + 1e-9));
        }
        expect(median(list.toReversed())).toBe(median(list));
        expect(list).toEqual(before);
      }),
    );
  });
});

describe("rounds", () => {
  test("a summary leaves out rounds without a value", () => {
    expect(summarise([3, null, 1, 8])).toEqual({ median: 3, min: 1, max: 8 });
    expect(summarise([null])).toBeNull();
    expect(summarise([])).toBeNull();
  });

  test("a ratio is taken within a round, then the median", () => {
    // The ratio of the medians would be 1.
    expect(medianRatio([10, 20, 30], [20, 40, 10])).toBe(0.5);
    expect(medianRatio([10, null, 30], [20, 40, 10])).toBe(1.75);
    expect(medianRatio([1, 2], [0, null])).toBeNull();
    expect(medianRatio([], [])).toBeNull();
  });
});
