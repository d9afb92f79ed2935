import { expect, test } from "vitest";
import { didYouMean, nearest } from "../../../host/model/near.ts";

test.each([
  ["blu", "blue"],
  ["bleu", null],
  ["Blue", "blue"],
  ["frontnd", "frontend"],
  ["fronetnd", "frontend"],
  ["front", "frontend"],
  ["backend", null],
  ["x", null],
  ["", null],
])("%s → %s", (given, name) => {
  expect(nearest(given, ["green", "blue", "frontend"])).toBe(name);
});

test("the nearest of several", () => {
  expect(nearest("shop1", ["shop12", "shop1x", "shop2"])).toBe("shop12");
  expect(nearest("shoq1", ["a", "shop1"])).toBe("shop1");
});

test("as the end of a line", () => {
  expect(didYouMean("blu", ["blue"])).toBe("; did you mean blue?");
  expect(didYouMean("nope", ["blue"])).toBe("");
});
