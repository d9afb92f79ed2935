// Writes what a run's figures become: charts into docs/figures, and the README's block.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BACKGROUND_MAX } from "../background.ts";
import { ROOT } from "../machine.ts";
import type { Results } from "../results.ts";
import { chart } from "./chart.ts";
import { block, chartFile, FIGURES, resultsPage, withBlock } from "./readme.ts";

/** The chart of each section; gives the files. */
export async function writeCharts(results: Results, directory: string): Promise<string[]> {
  mkdirSync(directory, { recursive: true });
  const files: string[] = [];
  for (const section of results.sections) {
    const file = join(directory, chartFile(section));
    writeFileSync(file, await chart(results, section));
    files.push(file);
  }
  return files;
}

/** Why figures may not go into the README; null = they may. */
export function unfit({ sections }: Results): string | null {
  const busiest = Math.max(0, ...sections.flatMap(({ background }) => background));
  return busiest <= BACKGROUND_MAX
    ? null
    : `${busiest.toFixed(2)} CPUs were busy with other things in one round (at most ${BACKGROUND_MAX}): measure again on a quiet machine`;
}

/**
 * Charts, docs/results.md and the README's block from one or several runs; gives the files. Throws when the machine was busy. `root`: of the
 * repository.
 */
export async function writeReadme(all: readonly Results[], root = ROOT): Promise<string[]> {
  const why = all.map(unfit).find((complaint) => complaint !== null);
  if (why) throw new Error(`README.md was not written: ${why}`);
  const readme = join(root, "README.md");
  const page = join(root, "docs", "results.md");
  const text = withBlock(readFileSync(readme, "utf8"), block(all));
  const charts: string[] = [];
  for (const results of all) charts.push(...(await writeCharts(results, join(root, FIGURES))));
  writeFileSync(page, resultsPage(all));
  writeFileSync(readme, text);
  return [...charts, page, readme];
}
