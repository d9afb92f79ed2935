import { expect, test } from "vitest";
import { vni } from "../../../host/model/vni.ts";

test.each([0, 1, 42, 16777215])("%d is a VNI", (value) => {
  expect(vni(value)).toBe(value);
});

test.each([
  [16777216, "16777216 is more than 24 bits hold (0..16777215)"],
  [-1, "-1 is negative (0..16777215)"],
  [1.5, "1.5 is not a whole number"],
])("%d is not", (value, message) => {
  expect(() => vni(value)).toThrow(message);
});
