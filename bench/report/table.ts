// A section as a table, for the terminal and as Markdown.

import Table from "cli-table3";
import type { Results, Section } from "../results.ts";
import type { Measure } from "../suites/suite.ts";
import { conditions, figure, legend, sectionTitle, texts } from "./figures.ts";

const heading = ({ title, better }: Measure) => (better === "less" ? `${title} (less is better)` : title);

/** What a terminal shows: the value and its ratio, below them their spreads. */
export function terminalTable(results: Results, section: Section): string {
  const names = Object.keys(section.peers);
  const out = new Table({ head: ["", ...names], style: { head: [], border: [] } });
  for (const measure of section.measures) {
    const cells = names.map((name) => {
      const { value, spread, ratio, ratioSpread } = texts(figure(section, name, measure, results.baseline));
      return ratio ? `${value}  ${ratio}\n${spread}  ${ratioSpread}` : `${value}\n${spread}`;
    });
    out.push([heading(measure), ...cells]);
  }
  return `${sectionTitle(section)}\n${out.toString()}\n${legend(results)}.\n${conditions(results, section)}.`;
}

/** The same as Markdown; `shown` picks measures. */
export function markdownTable(results: Results, section: Section, shown: (measure: Measure) => boolean = () => true): string {
  const names = Object.keys(section.peers);
  const rows = section.measures.filter(shown).map((measure) => {
    const cells = names.map((name) => {
      const { value, spread, ratio, ratioSpread } = texts(figure(section, name, measure, results.baseline));
      return ratio ? `**${value}** (${spread})<br>${ratio} (${ratioSpread})` : `${value} (${spread})`;
    });
    return `| ${heading(measure)} | ${cells.join(" | ")} |`;
  });
  const head = [`| | ${names.map((name) => section.peers[name].description).join(" | ")} |`, `|---|${"---|".repeat(names.length)}`];
  return [...head, ...rows].join("\n");
}
