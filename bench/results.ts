// The file that a run of the benchmark leaves: every round's values with what is needed to judge them, so that tables and charts can be made from
// it at any time (npm run bench:report), by whoever has it.

import { z } from "zod";
import { machine, readFigures } from "./figures-file.ts";

const measure = z.object({
  key: z.string(),
  title: z.string(),
  label: z.string(),
  unit: z.string(),
  better: z.enum(["more", "less"]),
  digits: z.int().min(0),
  group: z.string(),
  axis: z.string(),
});

const peer = z.object({
  description: z.string(),
  /** What its underlay device had on (ethtool -k). */
  offloads: z.array(z.string()),
  /** Bytes of the largest frame that crossed the wire, captured with TCP running; null on one host. */
  largestFrame: z.number().nullable(),
  /** Measure → one value a round. */
  values: z.record(z.string(), z.array(z.number())),
});

const section = z.object({
  suite: z.string(),
  title: z.string(),
  /** null on one host, which has no wire. */
  wire: z.string().nullable(),
  wireDescription: z.string().nullable(),
  measures: z.array(measure),
  /** Busy CPUs while nothing was measured, at the start of each round: what neighbours took. */
  background: z.array(z.number()),
  peers: z.record(z.string(), peer),
});

const results = z.object({
  version: z.literal(2),
  machine: machine.extend({ iperf3: z.string() }),
  rounds: z.number(),
  seconds: z.number(),
  mtu: z.number(),
  workers: z.number().nullable(),
  baseline: z.string(),
  sections: z.array(section),
});

/** One suite on one wire. */
export type Section = z.infer<typeof section>;
export type Results = z.infer<typeof results>;

/** Reads a file of results. Throws with one line when it is none. */
export function readResults(path: string): Results {
  return readFigures(path, results);
}
