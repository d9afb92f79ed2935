import { describe, expect, test } from "vitest";
import { editDistance, nearest } from "../../../host/config/suggest.ts";
import fc from "../../oracle/property.ts";

/** The definition, by recursion. */
function naive(a: string, b: string): number {
  if (a === "" || b === "") return a.length + b.length;
  const last = a.at(-1) === b.at(-1) ? 0 : 1;
  const ways = [naive(a.slice(0, -1), b) + 1, naive(a, b.slice(0, -1)) + 1, naive(a.slice(0, -1), b.slice(0, -1)) + last];
  if (a.length > 1 && b.length > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1)) ways.push(naive(a.slice(0, -2), b.slice(0, -2)) + 1);
  return Math.min(...ways);
}

describe("suggestions", () => {
  const known = ["name", "vtep", "dataPort", "networks"];
  test.each([
    ["vtpe", "vtep"],
    ["dataport", "dataPort"],
    ["data_port", "dataPort"],
    ["network", "networks"],
    ["colour", null],
    ["x", null],
  ])("%s → %s", (word, meant) => {
    expect(nearest(word, known)).toBe(meant);
  });

  test("the distance is that of the definition, cut off at the limit", () => {
    const words = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 5 });
    fc.assert(
      fc.property(words, words, fc.integer({ min: 1, max: 6 }), (a, b, limit) => {
        expect(editDistance(a, b)).toBe(naive(a, b));
        expect(editDistance(a, b, limit)).toBe(Math.min(limit, naive(a, b)));
      }),
    );
  });
});
