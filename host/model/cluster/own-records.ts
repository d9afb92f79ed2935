// What a node writes of itself, as others may rely on it: managers and agents read the records of all nodes, and one that makes no sense would keep them
// from all others. A manager's front takes only what passes here from a worker; fields that this version does not know may be in it. Pure.

import { z } from "zod";
import { shown } from "../shown.ts";
import { ALIVE, REPORTS } from "./keys.ts";
import type { AliveRecord, ReportRecord } from "./records.ts";

/** Some ten thousand routes. */
export const OWN_RECORD_BYTES_MAX = 1024 ** 2;

const count = z.number().int().nonnegative();

const alive: z.ZodType<AliveRecord> = z.object({ incarnation: count });
const report: z.ZodType<ReportRecord> = z.object({
  version: shown(64),
  incarnation: count,
  underlayMtu: count,
  routes: z.array(z.object({ destination: shown(64), device: shown(64) })),
});
const SCHEMAS: [prefix: string, schema: z.ZodType][] = [
  [ALIVE, alive],
  [REPORTS, report],
];

/** What is wrong with the value of a record that a node writes of itself; null when nothing is. */
export function ownRecordFault(key: string, value: Uint8Array): string | null {
  if (value.length > OWN_RECORD_BYTES_MAX) return `it has ${value.length} bytes, more than ${OWN_RECORD_BYTES_MAX}`;
  const schema = SCHEMAS.find(([prefix]) => key.startsWith(prefix))?.[1];
  if (!schema) return null;
  let record: unknown;
  try {
    record = JSON.parse(Buffer.from(value).toString());
  } catch {
    return "it is not JSON";
  }
  const [issue] = schema.safeParse(record).error?.issues ?? [];
  return issue ? [...issue.path, issue.message].join(": ") : null;
}
