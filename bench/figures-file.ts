// The files of figures that the benchmarks leave: written whole, read only when they are what they should be.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";

/** What describeMachine() tells, of it what every file has. */
export const machine = z.object({
  cpu: z.string(),
  cpus: z.number(),
  memoryGiB: z.number(),
  kernel: z.string(),
  node: z.string(),
  commit: z.string(),
  date: z.string(),
  load: z.number(),
});

/** Reads a file of figures. Throws with one line when it is none. */
export function readFigures<Schema extends z.ZodType>(path: string, schema: Schema): z.infer<Schema> {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`${path}: not a file of results of this version: ${issue.path.join(".") || "the whole"}: ${issue.message}`);
}

export function writeFigures(path: string, figures: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(figures, null, 2)}\n`);
}
