import { expect, test } from "vitest";
import { cell, page, terminal } from "../../../../bench/cluster/page.ts";
import type { Column, Part } from "../../../../bench/cluster/part.ts";
import type { Measured } from "../../../../bench/cluster/results.ts";

const COLUMN: Column = { key: "ms", title: "time", unit: "ms", statistic: "p50", digits: 1 };

const part: Part = {
  name: "one",
  title: "One thing",
  about: "What is\nmeasured.",
  columns: [
    { ...COLUMN, statistic: "p99", atMost: 5 },
    { key: "none", title: "nothing of it", unit: "", statistic: "sum", digits: 0 },
  ],
  conditions: () => "",
  run: async () => [],
};

const measured: Measured = {
  machine: {
    cpu: "A CPU",
    cpus: 2,
    memoryGiB: 8,
    kernel: "6.1",
    node: "v24.0.0",
    commit: "abc1234",
    date: "2026-01-02T03:04:05Z",
    load: 0,
  },
  background: [0.05, 1.5],
  seconds: 61.4,
  conditions: "3 of them",
  rows: [
    { label: "small", values: { ms: [1, 2, 3] } },
    { label: "large", values: { ms: [1, 2, 30] } },
  ],
};

test.each([
  ["p50", "2.0"],
  ["p99", "1,234.5"],
  ["max", "1,234.5"],
  ["sum", "1,237.5"],
  ["spread", "2.0 (1.0–1,234.5)"],
] as const)("a figure: %s of some values", (statistic, text) => {
  expect(cell({ label: "", values: { ms: [1, 1234.5, 2] } }, { ...COLUMN, statistic })).toBe(text);
});

test("what is more than it shall be is marked, what was not measured is a dash", () => {
  const bounded = { ...COLUMN, atMost: 2 };
  expect(cell({ label: "", values: { ms: [2] } }, bounded)).toBe("2.0");
  expect(cell({ label: "", values: { ms: [2.1] } }, bounded)).toBe("2.1 !");
  expect(cell({ label: "", values: { ms: [0.1] } }, { ...COLUMN, atMost: 0 })).toBe("0.1 !");
  expect(cell({ label: "", values: {} }, bounded)).toBe("–");
});

test("the page: each part that was measured, its table and its conditions", () => {
  const text = page([part, { ...part, name: "other" }], { version: 1, parts: { one: measured } });
  expect(text.match(/^## .*$/gm)).toEqual(["## One thing"]);
  expect(text).toContain("What is measured.\n");
  expect(text).toContain("|  | time (ms, ≤ 5) |\n| --- | ---: |\n| small | 3.0 |\n| large | 30.0 ! |\n");
  expect(text).toContain(
    "3 of them. 2 × A CPU, 8 GiB, kernel 6.1, Node v24.0.0, commit abc1234, 2026-01-02; up to 1.50 CPUs busy with other things before and after; 61 s.",
  );
});

test("a terminal's table stands on its side", () => {
  expect(terminal(part, measured)).toMatch(/time \(ms, ≤ 5\) +│ 3\.0 +│ 30\.0 ! /);
});
