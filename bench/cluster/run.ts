// npm run bench:cluster: a cluster of real agents on this machine, in figures: how soon an endpoint is visible everywhere and a dead agent is left alone,
// how 100,000 endpoints and 1,000 watchers are borne, how fast the state takes changes; on the embedded store and on etcd.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { BACKGROUND_MAX, background } from "../background.ts";
import { runProgram } from "../command-line.ts";
import { writeFigures } from "../figures-file.ts";
import { describeMachine, ROOT } from "../machine.ts";
import { type Options, readOptions } from "./options.ts";
import { page, terminal } from "./page.ts";
import type { Part } from "./part.ts";
import { PARTS } from "./parts/index.ts";
import { type Measured, readResults } from "./results.ts";

const PAGE = join(ROOT, "docs", "cluster-figures.md");

function warn(busy: number): void {
  if (busy > BACKGROUND_MAX)
    console.error(
      `bench:cluster: WARNING: ${busy.toFixed(2)} CPUs are busy with other things (at most ${BACKGROUND_MAX}): these figures are noise`,
    );
}

async function measure(part: Part, options: Options): Promise<Measured> {
  const machine = await describeMachine();
  const before = await background();
  warn(before);
  const began = performance.now();
  const rows = await part.run(options, (what) => console.error(`${part.name}: ${what}`));
  const seconds = (performance.now() - began) / 1000;
  return { machine, background: [before, await background()], seconds, conditions: part.conditions(options), rows };
}

async function main(): Promise<void> {
  const options = readOptions();
  const results = readResults(options.json);
  for (const part of PARTS.filter(({ name }) => options.parts.includes(name))) {
    try {
      if (!options.reportOnly) {
        results.parts[part.name] = await measure(part, options);
        // After each part: what was measured for minutes is not lost with what comes later.
        writeFigures(options.json, results);
      }
      const measured = results.parts[part.name];
      if (measured) console.log(`\n${terminal(part, measured)}`);
    } catch (error) {
      process.exitCode = 1;
      console.error(`bench:cluster: ${part.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (!options.reportOnly) console.log(`\nfigures: ${options.json}`);
  if (!options.writePage) return;
  writeFileSync(PAGE, page(PARTS, results));
  console.log(`wrote ${PAGE}`);
}

await runProgram("bench:cluster", main);
