// The README's block between <!-- bench:begin --> and <!-- bench:end -->, and docs/results.md: tables and charts of runs' sections.

import { basename } from "node:path";
import type { Results, Section } from "../results.ts";
import type { Measure } from "../suites/suite.ts";
import { conditions, legend, sectionTitle } from "./figures.ts";
import { markdownTable } from "./table.ts";

const BLOCK = /(<!-- bench:begin -->\n)[\s\S]*?(<!-- bench:end -->)/;

/** The text with its block replaced. Throws when it has none. */
export function withBlock(text: string, block: string): string {
  if (!BLOCK.test(text)) throw new Error("no block between <!-- bench:begin --> and <!-- bench:end -->");
  return text.replace(BLOCK, (_, begin: string, end: string) => `${begin}${block}\n${end}`);
}

/** Where charts are, relative to the repository. */
export const FIGURES = "docs/figures";

/** The file of a section's chart. */
export function chartFile({ suite, wire }: Section): string {
  return `bench-${suite}${wire === null ? "" : `-${wire}`}.svg`;
}

/** By frame size there are many rows: the table has those with a bound on loss, the chart all. */
function shown({ suite }: Section): (measure: Measure) => boolean {
  return suite === "sizes" ? ({ key }) => key.startsWith("pdr:") : () => true;
}

/** One section: table, chart, conditions. `figures`: the charts' folder as seen from the page. */
function part(results: Results, section: Section, figures: string): string {
  const table = markdownTable(results, section, shown(section));
  return `${table}\n\n![${sectionTitle(section)}](${figures}/${chartFile(section)})\n\n${conditions(results, section)}.`;
}

/** The README's block: the first section of the first run. */
export function block(all: readonly Results[]): string {
  const [results] = all;
  const more =
    all.length > 1 || results.sections.length > 1 ? " Other underlays, frame sizes, peers: [docs/results.md](docs/results.md)." : "";
  const reading = `${legend(results)}. \`npm run bench\` repeats it; [docs/benchmarks.md](docs/benchmarks.md) says what is measured, and what it cannot tell.`;
  return `${part(results, results.sections[0], FIGURES)}\n\n${reading}${more}`;
}

/** docs/results.md: every section of every run. */
export function resultsPage(all: readonly Results[]): string {
  const parts = all.flatMap((results) =>
    results.sections.map((section) => {
      const wire = section.wireDescription ? `The wire: ${section.wireDescription}.\n\n` : "";
      return `## ${sectionTitle(section)}\n\n${wire}${part(results, section, basename(FIGURES))}`;
    }),
  );
  const head = [
    "<!-- Made by npm run bench:report -- FILE … --write-readme. -->",
    "# Results",
    "",
    `Figures of \`npm run bench\` on one machine; [benchmarks.md](benchmarks.md) says what is measured, and what it cannot tell. ${legend(all[0])}.`,
  ].join("\n");
  return `${[head, ...parts].join("\n\n")}\n`;
}
