// The file that runs of the benchmark leave: raw values of each part with the machine and the options that it was run with, so that tables and the page can
// be made from it at any time. A part that is run again replaces what it had.

import { existsSync } from "node:fs";
import { z } from "zod";
import { machine, readFigures } from "../figures-file.ts";

const measured = z.object({
  machine,
  /** CPUs that were busy with other things, before it and after it. */
  background: z.array(z.number()),
  seconds: z.number(),
  conditions: z.string(),
  rows: z.array(z.object({ label: z.string(), values: z.record(z.string(), z.array(z.number())) })),
});

const results = z.object({ version: z.literal(1), parts: z.record(z.string(), measured) });

export type Measured = z.infer<typeof measured>;
export type Results = z.infer<typeof results>;

/** What the file has; nothing when there is none. Throws with one line when it is another kind of file. */
export function readResults(path: string): Results {
  if (!existsSync(path)) return { version: 1, parts: {} };
  return readFigures(path, results);
}
