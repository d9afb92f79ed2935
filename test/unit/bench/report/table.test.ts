import { expect, test } from "vitest";
import { figure, wireText } from "../../../../bench/report/figures.ts";
import { markdownTable, terminalTable } from "../../../../bench/report/table.ts";
import { sampleResults } from "../results.ts";

const results = sampleResults();
const [section] = results.sections;

test("the ratio is the median of the rounds' ratios, not the ratio of medians", () => {
  const { value, ratio } = figure(section, "weft", section.measures[0], "linux");
  expect(value).toEqual({ median: 8, min: 6, max: 11 });
  // 8/10, 6/12, 11/11
  expect(ratio).toEqual({ median: 0.8, min: 0.5, max: 1 });
  expect(figure(section, "linux", section.measures[0], "linux").ratio).toBeNull();
});

test("without a baseline there are no ratios", () => {
  expect(figure(section, "weft", section.measures[0], "nobody").ratio).toBeNull();
});

test("a terminal's table has values, spreads, ratios with theirs, and the conditions", () => {
  const text = terminalTable(results, section);
  for (const part of [
    "8.00 Gb/s  ×0.80",
    "6.00–11.00  0.50–1.00",
    "ping RTT (less is better)",
    "5.1 µs",
    "0.05 CPUs busy",
    "abc1234",
    "wire whole",
  ]) {
    expect(text).toContain(part);
  }
});

test("Markdown has a row a measure, and only those that are asked for", () => {
  expect(markdownTable(results, section).split("\n")).toEqual([
    "| | Linux & friends | weft |",
    "|---|---|---|",
    "| TCP, 1 stream | 11.00 Gb/s (10.00–12.00) | **8.00 Gb/s** (6.00–11.00)<br>×0.80 (0.50–1.00) |",
    "| ping RTT (less is better) | 5.1 µs (5.0–5.2) | **50.0 µs** (26.0–51.0)<br>×10.00 (5.00–10.00) |",
  ]);
  expect(markdownTable(results, section, ({ key }) => key === "rtt")).not.toContain("TCP");
});

test("the largest frame is told once where all have the same", () => {
  expect(wireText(section)).toBe("largest frame on the wire linux 64424, weft 61628 B");
  const same = sampleResults().sections[0];
  for (const peer of Object.values(same.peers)) peer.largestFrame = 1514;
  expect(wireText(same)).toBe("largest frame on the wire 1514 B");
  for (const peer of Object.values(same.peers)) peer.largestFrame = null;
  expect(wireText(same)).toBe("");
});
