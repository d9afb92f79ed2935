// npm run bench:memory: does the data path allocate in JavaScript? Two agents, traffic between their containers, and V8's sampling heap profiler on the
// data path threads, over a window in which they are warm (what is optimised by then stays so). It counts what is allocated, not what survives.

import { Lab } from "../../lab/lab.ts";
import { runProgram } from "../command-line.ts";
import { writeFigures } from "../figures-file.ts";
import { describeMachine } from "../machine.ts";
import { type Measurement, measurePhases } from "./measure.ts";
import { readOptions } from "./options.ts";
import { conditions, table } from "./report.ts";

async function main(): Promise<void> {
  const options = readOptions();
  const machine = await describeMachine();
  const lab = await Lab.open();
  let measurements: Measurement[];
  try {
    measurements = await measurePhases(lab, options);
  } finally {
    await lab.close();
  }
  console.log(`${table(measurements)}\n\n${conditions(machine, options)}`);
  writeFigures(options.json, { machine, options, measurements });
  console.log(`figures: ${options.json}`);
  const over = measurements.filter(({ bytes, calls }) => bytes / calls > options.bound);
  for (const { phase, host, bytes, calls } of over)
    console.error(`bench:memory: ${phase}, host ${host}: ${(bytes / calls).toFixed(1)} B a system call, more than ${options.bound}`);
  if (over.length > 0) process.exitCode = 1;
}

await runProgram("bench:memory", main);
