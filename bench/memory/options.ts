// The command line of npm run bench:memory.

import { join } from "node:path";
import { parseArgs } from "node:util";
import { help, optionsOf, whole } from "../command-line.ts";
import { ROOT } from "../machine.ts";

export interface Options {
  seconds: number;
  warm: number;
  workers: number;
  injection: "auto" | "on" | "off";
  bound: number;
  json: string;
}

const HELP = `npm run bench:memory -- [options]: what the data path threads allocate in JavaScript (root)

  --seconds N      length of each measured window (5)
  --warm N         seconds of the same traffic before it (5)
  --workers N      weft's worker threads (1)
  --injection HOW  superframes are injected: auto, on or off (auto)
  --bound BYTES    more than this a system call that moves frames fails (1; a boxed number takes 16)
  --json FILE      where the figures go (build/memory.json)
  --help`;

function isInjection(text: string): text is Options["injection"] {
  return ["auto", "on", "off"].includes(text);
}

/** The command line, checked. Ends the program on --help and on anything wrong. */
export function readOptions(): Options {
  return optionsOf("bench:memory", HELP, () => {
    const { values } = parseArgs({
      options: {
        seconds: { type: "string", default: "5" },
        warm: { type: "string", default: "5" },
        workers: { type: "string", default: "1" },
        injection: { type: "string", default: "auto" },
        bound: { type: "string", default: "1" },
        json: { type: "string", default: join(ROOT, "build", "memory.json") },
        help,
      },
    });
    if (values.help) return null;
    if (!isInjection(values.injection)) throw new Error(`--injection ${values.injection}: auto, on or off`);
    if (!/^\d+(\.\d+)?$/.test(values.bound)) throw new Error(`--bound ${values.bound}: bytes, such as 0.5`);
    return {
      seconds: whole("--seconds", values.seconds, 1),
      warm: whole("--warm", values.warm, 0),
      workers: whole("--workers", values.workers, 1),
      injection: values.injection,
      bound: Number(values.bound),
      json: values.json,
    };
  });
}
