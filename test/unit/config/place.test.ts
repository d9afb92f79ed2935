import { describe, expect, test } from "vitest";
import { LineCounter, parseDocument } from "yaml";
import { type Issue, pathText, placeOf, repeatedKeys } from "../../../host/config/place.ts";

const TEXT = `a: &x { b: 1, c: [10, 20] }
list:
  - one: 1
    two: 2
  - *x
e:
`;

function at(issue: Issue): string {
  const lines = new LineCounter();
  const place = placeOf(parseDocument(TEXT, { lineCounter: lines }), lines, issue);
  return `${place.lineColumn} ${pathText(place.path)}`;
}

describe("places", () => {
  test.each<[(string | number)[], string, string]>([
    [[], "1:1 ", "the whole"],
    [["a", "b"], "1:12 a.b", "a value"],
    [["a", "c", 1], "1:23 a.c[1]", "an item"],
    [["list", 0, "two"], "4:10 list[0].two", "a value in a list of maps"],
    [["list", 1, "b"], "1:12 list[1].b", "behind an alias: where it is written"],
    [["a", "missing"], "1:7 a.missing", "what is not there: its map"],
    [["a", "c", 9], "1:18 a.c[9]", "an item that is not there: its list"],
    [["a", "b", 0], "1:12 a.b", "a list's index where the file has one value"],
  ])("%j → %s (%s)", (path, place) => {
    expect(at({ path, message: "" })).toBe(place);
  });

  test("a key's own place", () => {
    expect(at({ path: ["list", 0, "two"], message: "", key: true })).toBe("4:5 list[0].two");
  });

  test("keys given twice, each map by itself", () => {
    const lines = new LineCounter();
    const text = "a: 1\nb: { a: 1, a: 2 }\nc:\n  - d: 1\n    'd': 2\n1: x\n'1': y\n";
    const found = repeatedKeys(parseDocument(text, { lineCounter: lines, uniqueKeys: false }), lines);
    expect(found.map(({ path, message }) => `${pathText(path)} ${message}`)).toEqual([
      "b.a is given twice, first on line 2",
      "c[0].d is given twice, first on line 4",
      "1 is given twice, first on line 6",
    ]);
  });
});
