import { expect, test } from "vitest";
import { Histogram } from "../../../host/control/histogram.ts";

test("each observation falls into the first bucket that holds it, or above all", () => {
  const histogram = new Histogram([0.01, 0.1, 1]);
  expect(histogram.view()).toEqual({ bounds: [0.01, 0.1, 1], counts: [0, 0, 0, 0], sum: 0 });
  for (const seconds of [0.001, 0.01, 0.011, 1, 1.5, 7]) histogram.observe(seconds);
  const { counts, sum } = histogram.view();
  expect(counts).toEqual([2, 1, 1, 2]);
  expect(sum).toBeCloseTo(9.522);
});
