// A failing schedule made smaller: deeds are left out for as long as it still fails in the same way.

import { type Outcome, perform, type Schedule } from "./schedule.ts";

const RUNS_MAX = 120;

export async function shrink(schedule: Schedule, failure: Error): Promise<Schedule> {
  const kind = kindOf(failure);
  let smallest = schedule;
  let runs = 0;
  const fails = async (candidate: Schedule) => {
    runs++;
    const outcome: Outcome = await perform(candidate);
    return outcome.failure !== null && kindOf(outcome.failure) === kind;
  };
  for (let size = Math.ceil(schedule.deeds.length / 2); size >= 1 && runs < RUNS_MAX; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = smallest.deeds.length - size; from > -size && runs < RUNS_MAX; from -= size) {
      const first = Math.max(0, from);
      const candidate = { ...smallest, deeds: smallest.deeds.toSpliced(first, from + size - first) };
      if (await fails(candidate)) smallest = candidate;
    }
  }
  return smallest;
}

/** What went wrong, less names and numbers. */
function kindOf({ message }: Error): string {
  return message
    .split("\n")
    .slice(0, 2)
    .join(" ")
    .replace(/[0-9a-f]{12,}|\d+/g, "#")
    .slice(0, 100);
}
