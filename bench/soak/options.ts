// The command line of npm run bench:soak.

import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../machine.ts";

export interface Options {
  minutes: number;
  warmSeconds: number;
  workers: number | null;
  boundMiB: number;
  json: string;
}

/** At first pages are touched, code is compiled and heaps find their size: the smaller of these is left out. */
const WARM_SECONDS_MAX = 120;
const WARM_SHARE = 1 / 3;

const HELP = `npm run bench:soak -- [options]: two agents at full load for minutes (root); fails when an agent's memory climbs, when a frame is missing
from the books, or when a container's stack saw a wrong checksum

  --minutes N      how long (10; 1 to try it)
  --workers N      weft's worker threads (its own default)
  --bound MIB      RSS, files left out, that climbs by this much in the time after warming up is not flat (8)
  --json FILE      where the samples go (build/soak.json)
  --help

The first third is for warming up, ${WARM_SECONDS_MAX} s at most.`;

function fail(message: string): never {
  console.error(`bench:soak: ${message}`);
  process.exit(2);
}

function parse() {
  try {
    return parseArgs({
      options: {
        minutes: { type: "string", default: "10" },
        workers: { type: "string" },
        bound: { type: "string", default: "8" },
        json: { type: "string", default: join(ROOT, "build", "soak.json") },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return fail((error as Error).message);
  }
}

/** The command line, checked. Ends the program on --help and on anything unknown. */
export function readOptions(): Options {
  const values = parse();
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  const positive = (name: "minutes" | "bound") => {
    if (!/^\d+(\.\d+)?$/.test(values[name]) || Number(values[name]) === 0) fail(`--${name} ${values[name]}: a number above 0`);
    return Number(values[name]);
  };
  if (values.workers !== undefined && !/^[1-9]\d*$/.test(values.workers)) fail(`--workers ${values.workers}: a whole number from 1 on`);
  const minutes = positive("minutes");
  return {
    minutes,
    warmSeconds: Math.min(WARM_SECONDS_MAX, minutes * 60 * WARM_SHARE),
    workers: values.workers === undefined ? null : Number(values.workers),
    boundMiB: positive("bound"),
    json: values.json,
  };
}
