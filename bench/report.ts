// npm run bench:report: tables and charts from the figures of a run, at any time and on any machine.

import { join } from "node:path";
import { parseArgs } from "node:util";
import { help, optionsOf, runProgram } from "./command-line.ts";
import { ROOT } from "./machine.ts";
import { terminalTable } from "./report/table.ts";
import { writeCharts, writeReadme } from "./report/write.ts";
import { readResults } from "./results.ts";

const HELP = `npm run bench:report -- [FILE …] [options]: tables and charts from the figures of npm run bench (build/bench.json); of several runs one after the other

  --charts DIR     draws the charts into this folder
  --write-readme   puts tables and charts into README.md, docs/results.md and docs/figures, unless the machine was busy
  --help`;

function options() {
  return optionsOf("bench:report", HELP, () => {
    const parsed = parseArgs({
      allowPositionals: true,
      options: { charts: { type: "string" }, "write-readme": { type: "boolean" }, help },
    });
    return parsed.values.help ? null : parsed;
  });
}

async function main(): Promise<void> {
  const { values, positionals } = options();
  const files = positionals.length > 0 ? positionals : [join(ROOT, "build", "bench.json")];
  const all = files.map(readResults);
  for (const results of all) console.log(`${results.sections.map((section) => terminalTable(results, section)).join("\n\n")}\n`);
  const written: string[] = [];
  if (values.charts !== undefined) for (const results of all) written.push(...(await writeCharts(results, values.charts)));
  if (values["write-readme"]) written.push(...(await writeReadme(all)));
  for (const file of written) console.log(`wrote ${file}`);
}

await runProgram("bench:report", main);
