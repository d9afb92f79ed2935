// Random schedules by the hundred, each with a seed of its own, so that one that fails can be run again alone:
//
//   WEFT_SEED=<seed> WEFT_SCHEDULES=1 WEFT_TRACE=1 npx vitest run --project unit test/unit/sim/<file>

import { seed } from "../../oracle/random.ts";
import { type Outcome, perform, type Schedule, scheduleOf } from "./schedule.ts";
import { shrink } from "./shrink.ts";

/** Of each kind of store: 1,000 together. */
export const COUNT = Number(process.env.WEFT_SCHEDULES ?? 500);
/** The same each time, unless a seed is given: what others find is held in regressions.test.ts. */
export const FIRST = process.env.WEFT_SEED === undefined ? 50_000 : seed;
const TRACED = process.env.WEFT_TRACE !== undefined;
/** Lines before the failure. */
const TRACE_LINES = 400;

/** Rejects with the first that fails: its seed, the deeds that it takes, and what went wrong. */
export async function performMany(kind: "embedded" | "etcd"): Promise<void> {
  for (let number = 0; number < COUNT; number++) {
    const schedule = scheduleOf(FIRST + number, kind === "embedded");
    const outcome = await perform(schedule, TRACED);
    if (outcome.failure) throw await explained(schedule, outcome, kind);
  }
}

async function explained(schedule: Schedule, { failure, lines }: Outcome, kind: string): Promise<Error> {
  const smaller = await shrink(schedule, failure as Error);
  const deeds = smaller.deeds.map((deed) => `  ${JSON.stringify(deed)}`);
  const again = `WEFT_SEED=${schedule.seed} WEFT_SCHEDULES=1 WEFT_TRACE=1 npx vitest run --project unit test/unit/sim/${kind}.test.ts`;
  const told = [`schedule ${schedule.seed}: ${failure?.message}`, `again: ${again}`, "as few deeds will do:", ...deeds];
  return new Error([...told, ...lines.slice(-TRACE_LINES)].join("\n"), { cause: failure });
}
