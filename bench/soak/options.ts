// The command line of npm run bench:soak.

import { join } from "node:path";
import { parseArgs } from "node:util";
import { help, optionsOf, whole } from "../command-line.ts";
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

function positive(flag: string, text: string): number {
  if (/^\d+(\.\d+)?$/.test(text) && Number(text) > 0) return Number(text);
  throw new Error(`${flag} ${text}: a number above 0`);
}

/** The command line, checked. Ends the program on --help and on anything wrong. */
export function readOptions(): Options {
  return optionsOf("bench:soak", HELP, () => {
    const { values } = parseArgs({
      options: {
        minutes: { type: "string", default: "10" },
        workers: { type: "string" },
        bound: { type: "string", default: "8" },
        json: { type: "string", default: join(ROOT, "build", "soak.json") },
        help,
      },
    });
    if (values.help) return null;
    const minutes = positive("--minutes", values.minutes);
    return {
      minutes,
      warmSeconds: Math.min(WARM_SECONDS_MAX, minutes * 60 * WARM_SHARE),
      workers: values.workers === undefined ? null : whole("--workers", values.workers, 1),
      boundMiB: positive("--bound", values.bound),
      json: values.json,
    };
  });
}
