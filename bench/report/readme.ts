// The README's block between <!-- bench:begin --> and <!-- bench:end -->: tables and charts of a run's sections.

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

/** The block's Markdown. A heading only where there are several sections. */
export function block(results: Results): string {
  const parts = results.sections.map((section) => {
    const title = sectionTitle(section);
    const heading =
      results.sections.length > 1 ? [`**${title}**${section.wireDescription ? `: ${section.wireDescription}.` : ""}`, ""] : [];
    const table = markdownTable(results, section, shown(section));
    return [...heading, table, "", `![${title}](${FIGURES}/${chartFile(section)})`, "", `${conditions(results, section)}.`].join("\n");
  });
  return `${parts.join("\n\n")}\n\n${legend(results)}. \`npm run bench\` repeats it; [docs/benchmarks.md](docs/benchmarks.md) says what is measured, and what it cannot tell.`;
}
