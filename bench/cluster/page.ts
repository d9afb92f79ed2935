// The figures as tables: for a terminal, and as docs/cluster-figures.md. A figure that misses what it shall be is marked.

import Table from "cli-table3";
import { quantile } from "../statistics.ts";
import type { Column, Part, Row, Statistic } from "./part.ts";
import type { Measured, Results } from "./results.ts";

const NONE = "–";

/** Columns of which no row has a value have none. */
function shown({ columns }: Part, rows: readonly Row[]): Column[] {
  return columns.filter(({ key }) => rows.some(({ values }) => (values[key]?.length ?? 0) > 0));
}

function figure(values: readonly number[], statistic: Statistic): number {
  if (statistic === "sum") return values.reduce((sum, value) => sum + value, 0);
  return quantile(values, { median: 0.5, spread: 0.5, p50: 0.5, p99: 0.99, max: 1 }[statistic]);
}

function number(value: number, digits: number): string {
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** E.g. `12 (9–31)`; `12 !` when it is more than it shall be. */
export function cell({ values }: Row, { key, statistic, digits, atMost }: Column): string {
  const all = values[key] ?? [];
  if (all.length === 0) return NONE;
  const value = figure(all, statistic);
  const spread =
    statistic === "spread" && all.length > 1 ? ` (${number(Math.min(...all), digits)}–${number(quantile(all, 1), digits)})` : "";
  return `${number(value, digits)}${spread}${atMost !== undefined && value > atMost ? " !" : ""}`;
}

function heading({ title, unit, digits, atMost }: Column): string {
  const bound = atMost === undefined ? "" : `, ≤ ${number(atMost, atMost % 1 === 0 ? 0 : digits)}`;
  return unit === "" && bound === "" ? title : `${title} (${`${unit}${bound}`.replace(/^, /, "")})`;
}

function conditionsOf({ machine, background, seconds, conditions }: Measured): string {
  const { cpus, cpu, kernel, node, commit, date, memoryGiB } = machine;
  const busy = number(Math.max(...background), 2);
  return `${conditions}. ${cpus} × ${cpu}, ${memoryGiB} GiB, kernel ${kernel}, Node ${node}, commit ${commit}, ${date.slice(0, 10)}; up to ${busy} CPUs busy with other things before and after; ${number(seconds, 0)} s`;
}

export function terminal(part: Part, measured: Measured): string {
  const columns = shown(part, measured.rows);
  // On its side: there are more figures than rows.
  const table = new Table({ head: ["", ...measured.rows.map(({ label }) => label)], style: { head: [], border: [] } });
  for (const column of columns) table.push([heading(column), ...measured.rows.map((row) => cell(row, column))]);
  return `${part.title}\n${table.toString()}\n${conditionsOf(measured)}.`;
}

function markdown(part: Part, measured: Measured): string {
  const columns = shown(part, measured.rows);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(["", ...columns.map(heading)]),
    `| --- |${" ---: |".repeat(columns.length)}`,
    ...measured.rows.map((row) => line([row.label, ...columns.map((column) => cell(row, column))])),
  ].join("\n");
}

/** docs/cluster-figures.md. */
export function page(parts: readonly Part[], { parts: measured }: Results): string {
  const sections = parts
    .filter(({ name }) => Object.hasOwn(measured, name))
    .map(
      (part) =>
        `## ${part.title}\n\n${part.about.replaceAll("\n", " ")}\n\n${markdown(part, measured[part.name])}\n\n${conditionsOf(measured[part.name])}.`,
    );
  const head = `<!-- Made by npm run bench:cluster -- --write-page. -->
# The cluster in figures

What \`npm run bench:cluster\` measured: real agents in network namespaces of one machine, all of them on its few CPUs. Hosts of their own are quicker. A middle value, with the least and the greatest
where there is a bracket; \`!\` marks what is more than it shall be. How the cluster works: [cluster.md](cluster.md).`;
  return `${[head, ...sections].join("\n\n")}\n`;
}
