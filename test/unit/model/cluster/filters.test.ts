import { describe, expect, test } from "vitest";
import {
  booleanFilter,
  hasLabels,
  isOneOf,
  judgeNetworkFilters,
  judgeNodeFilters,
  judgePruneFilters,
  lacksLabels,
  matchesOneOf,
  untilFilter,
} from "../../../../host/model/cluster/filters.ts";

test("what each list may be asked, and what is refused by name", () => {
  judgeNetworkFilters({ name: [], type: ["custom", "builtin"], dangling: ["1"] });
  judgeNodeFilters({ role: ["worker", "manager"] });
  judgePruneFilters({ until: ["10m"], "label!": ["a"] });
  expect(() => judgeNodeFilters({ name: [], colour: [], age: [] })).toThrow("invalid filter 'colour', 'age' (known: id, name, role)");
  expect(() => judgeNodeFilters({ role: ["boss"] })).toThrow("invalid filter 'role=boss': it is worker or manager");
  expect(() => judgeNetworkFilters({ type: ["mine"] })).toThrow("invalid filter 'type=mine': it is custom or builtin");
  expect(() => judgeNetworkFilters({ dangling: ["perhaps"] })).toThrow("invalid filter 'dangling=perhaps': it is true or false");
  expect(() => judgePruneFilters({ until: ["soon"] })).toThrow("invalid filter 'until=soon'");
});

test("nothing asked is all", () => {
  expect([isOneOf(undefined, "x"), isOneOf([], "x"), matchesOneOf(undefined, "x"), matchesOneOf([], "x")]).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect([hasLabels(undefined, {}), lacksLabels(undefined, {}), booleanFilter({}, "dangling"), untilFilter({}, 5)]).toEqual([
    true,
    true,
    null,
    null,
  ]);
});

test.each([
  [["lu"], true],
  [["^bl"], true],
  [["^lu"], false],
  [["ue$"], true],
  [["lu$"], false],
  [["^blue$"], true],
  [["^lue$"], false],
  [["x", "e"], true],
  [[".*"], false],
])("%j in blue: %s", (values, matches) => {
  expect(matchesOneOf(values, "blue")).toBe(matches);
});

test.each([
  [["a"], true, false],
  [["a=1"], true, false],
  [["a=2"], false, true],
  [["a", "b"], true, false],
  [["a", "c"], false, false],
  [["b="], true, false],
  [["constructor"], false, true],
])("labels %j: has %s, lacks %s", (values, has, lacks) => {
  const labels = { a: "1", b: "" };
  expect([hasLabels(values, labels), lacksLabels(values, labels)]).toEqual([has, lacks]);
});

describe("booleans", () => {
  test.each([
    [["true"], true],
    [["TRUE", "1"], true],
    [["0"], false],
    [["false"], false],
  ])("%j is %s", (dangling, value) => {
    expect(booleanFilter({ dangling }, "dangling")).toBe(value);
  });

  test("or not", () => {
    expect(() => booleanFilter({ dangling: ["yes"] }, "dangling")).toThrow("invalid filter 'dangling=yes': it is true or false");
    expect(() => booleanFilter({ dangling: ["1", "0"] }, "dangling")).toThrow("both true and false");
  });
});

describe("until", () => {
  const now = Date.parse("2026-01-02T00:00:00Z");
  test.each([
    ["10m", now - 600_000],
    ["1h30m", now - 5_400_000],
    ["1.5s", now - 1500],
    ["250ms", now - 250],
    ["1767225600", Date.parse("2026-01-01T00:00:00Z")],
    ["2026-01-01T12:00:00Z", Date.parse("2026-01-01T12:00:00Z")],
    ["2026-01-01T12:00:00+01:00", Date.parse("2026-01-01T11:00:00Z")],
    ["2026-01-01", Date.parse("2026-01-01T00:00:00Z")],
  ])("%s", (text, time) => {
    expect(untilFilter({ until: [text] }, now)).toBe(time);
  });

  test.each([[["soon"]], [["10x"]], [["1h", "2h"]], [["2026-13-77"]]])("%j is refused", (until) => {
    expect(() => untilFilter({ until }, now)).toThrow("invalid filter 'until");
  });
});
