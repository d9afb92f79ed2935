import { expect, test } from "vitest";
import { Indices } from "../../../host/control/indices.ts";

test("the lowest free one is given out, never 0, and 0 when there is none", () => {
  const indices = new Indices(5);
  expect([1, 2, 3, 4].map(() => indices.take())).toEqual([1, 2, 3, 4]);
  expect([indices.take(), indices.take()]).toEqual([0, 0]);
  indices.give(3);
  indices.give(1);
  expect([indices.take(), indices.take(), indices.take()]).toEqual([1, 3, 0]);
});
