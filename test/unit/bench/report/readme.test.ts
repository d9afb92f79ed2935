import { expect, test } from "vitest";
import { block, chartFile, resultsPage, withBlock } from "../../../../bench/report/readme.ts";
import { sampleResults } from "../results.ts";

const BEGIN = "<!-- bench:begin -->\n";
const END = "<!-- bench:end -->";

test("replaces what is between the marks, and nothing else", () => {
  const text = `before\n${BEGIN}old\n${END}\nafter\n`;
  const once = withBlock(text, "new $1 $& text");
  expect(once).toBe(`before\n${BEGIN}new $1 $& text\n${END}\nafter\n`);
  expect(withBlock(once, "third")).toBe(`before\n${BEGIN}third\n${END}\nafter\n`);
});

test("a page without the marks is refused", () => {
  expect(() => withBlock("nothing here", "new")).toThrow("bench:begin");
});

test("the README has the first section; the page has all, of all runs, with their charts", () => {
  const one = sampleResults();
  expect(block([one])).toContain("(docs/figures/bench-core-whole.svg)");
  expect(block([one])).not.toContain("docs/results.md");
  const host = { ...one.sections[0], suite: "samehost", title: "One host", wire: null, wireDescription: null };
  const two = { ...one, sections: [one.sections[0], host] };
  expect(block([two])).toContain("(docs/results.md)");
  expect(block([two])).not.toContain("bench-samehost.svg");
  for (const page of [resultsPage([two]), resultsPage([one, { ...one, sections: [host] }])]) {
    expect(page).toContain("## Two hosts, wire whole\n\nThe wire: as it is.");
    expect(page).toContain("(figures/bench-core-whole.svg)");
    expect(page).toContain("## One host\n");
    expect(page).toContain("(figures/bench-samehost.svg)");
  }
});

test("of the sizes the table has those with a bound on loss; the chart has all", () => {
  const results = sampleResults({ suite: "sizes" });
  const [section] = results.sections;
  section.measures = [
    { ...section.measures[0], key: "pdr:64", title: "64 B, bound" },
    { ...section.measures[0], key: "flood:64", title: "64 B, flooded" },
  ];
  for (const peer of Object.values(section.peers)) peer.values = { "pdr:64": [1], "flood:64": [1] };
  expect(block([results])).toContain("64 B, bound");
  expect(block([results])).not.toContain("64 B, flooded");
  expect(chartFile(section)).toBe("bench-sizes-whole.svg");
});
