// npm run bench:scaling: what limits weft on more cores than this machine has, counted: instructions, loads, stores and cache lines of the packet core on
// named batches, and the lines that several workers write. The core that is counted is the built one, with counters put in (instrument.ts). No kernel, no
// root, no clock: the same figures on every machine. docs/scaling.md has them with what they mean; `npm run docs` writes them there.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { WORKERS_MAX } from "../../assembly/abi/limits.ts";
import { describeMachine, ROOT } from "../machine.ts";
import { measureAll, WORKERS } from "./measure.ts";
import { report } from "./page.ts";

const HELP = `npm run bench:scaling -- [options]: counts what a frame costs in the packet core, and what workers share

  --workers LIST   numbers of workers (${WORKERS.join(",")})
  --json FILE      where the figures go (build/scaling.json)
  --help`;

function fail(message: string): never {
  console.error(`bench:scaling: ${message}`);
  process.exit(2);
}

function readOptions(): { workers: number[]; json: string } {
  const options = {
    workers: { type: "string", default: WORKERS.join(",") },
    json: { type: "string", default: join(ROOT, "build", "scaling.json") },
    help: { type: "boolean", default: false },
  } as const;
  let values: ReturnType<typeof parseArgs<{ options: typeof options }>>["values"];
  try {
    values = parseArgs({ options }).values;
  } catch (error) {
    return fail((error as Error).message);
  }
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  const workers = values.workers.split(",").map(Number);
  const isNumber = (count: number) => Number.isInteger(count) && count >= 1 && count <= WORKERS_MAX;
  if (!workers.every(isNumber)) fail(`--workers ${values.workers}: whole numbers from 1 to ${WORKERS_MAX}, with commas`);
  return { workers: workers.sort((a, b) => a - b), json: values.json };
}

const options = readOptions();
try {
  const machine = await describeMachine();
  const measured = measureAll(options.workers);
  console.log(`${report(measured)}\n\ncommit ${machine.commit}, Node ${machine.node}, ${machine.date.slice(0, 10)}`);
  mkdirSync(dirname(options.json), { recursive: true });
  writeFileSync(options.json, `${JSON.stringify({ machine, measured }, null, 2)}\n`);
  console.log(`figures: ${options.json}`);
} catch (error) {
  console.error(`bench:scaling: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
