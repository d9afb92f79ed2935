// npm run bench:scaling: what limits weft on more cores than this machine has, counted: instructions, loads, stores and cache lines of the packet core on
// named batches, and the lines that several workers write. The core that is counted is the built one, with counters put in (instrument.ts). No kernel, no
// root, no clock: the same figures on every machine. docs/scaling.md has them with what they mean; `npm run docs` writes them there.

import { join } from "node:path";
import { parseArgs } from "node:util";
import { WORKERS_MAX } from "../../assembly/abi/limits.ts";
import { help, optionsOf, runProgram, wholes } from "../command-line.ts";
import { writeFigures } from "../figures-file.ts";
import { describeMachine, ROOT } from "../machine.ts";
import { measureAll, WORKERS } from "./measure.ts";
import { report } from "./page.ts";

const HELP = `npm run bench:scaling -- [options]: counts what a frame costs in the packet core, and what workers share

  --workers LIST   numbers of workers (${WORKERS.join(",")})
  --json FILE      where the figures go (build/scaling.json)
  --help`;

function readOptions(): { workers: number[]; json: string } {
  return optionsOf("bench:scaling", HELP, () => {
    const { values } = parseArgs({
      options: {
        workers: { type: "string", default: WORKERS.join(",") },
        json: { type: "string", default: join(ROOT, "build", "scaling.json") },
        help,
      },
    });
    return values.help ? null : { workers: wholes("--workers", values.workers, 1, WORKERS_MAX), json: values.json };
  });
}

await runProgram("bench:scaling", async () => {
  const options = readOptions();
  const machine = await describeMachine();
  const measured = measureAll(options.workers);
  console.log(`${report(measured)}\n\ncommit ${machine.commit}, Node ${machine.node}, ${machine.date.slice(0, 10)}`);
  writeFigures(options.json, { machine, measured });
  console.log(`figures: ${options.json}`);
});
