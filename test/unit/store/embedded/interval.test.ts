// Ranges of keys, and the order of keys.

import { describe, expect, test } from "vitest";
import { compareBytes, contains, intervalOf } from "../../../../host/store/embedded/interval.ts";
import { bytes } from "./asking.ts";

describe("intervals", () => {
  test.each([
    ["b", "", ["b"]],
    ["b", "c", ["b", "b\0", "b\xff"]],
    ["b", "b", []],
    ["c", "b", []],
    ["b", "\0", ["b", "b\0", "b\xff", "c", "\xff"]],
    ["\0", "\0", ["a", "b", "b\0", "b\xff", "c", "\xff"]],
  ])("[%j, %j) has %j", (from, end, inside) => {
    const interval = intervalOf(bytes(from), bytes(end));
    expect(["a", "b", "b\0", "b\xff", "c", "\xff"].filter((key) => contains(interval, bytes(key)))).toEqual(inside);
  });

  test("keys are ordered as bytes, and a beginning comes first", () => {
    const keys = ["b", "\xff", "a\xff", "", "a", "aa"].map(bytes);
    expect(keys.sort(compareBytes)).toEqual(["", "a", "aa", "a\xff", "b", "\xff"].map(bytes));
  });
});
