// How busy the machine is: what an overlay costs, and what neighbours take while nothing is measured.

import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** USER_HZ, which /proc/stat counts in: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const WINDOW_MS = 500;
/** CPUs busy with other things, above which figures are not to be trusted. */
export const BACKGROUND_MAX = 0.15;

/** Seconds that all CPUs together have been busy since the machine started (/proc/stat). Idle, iowait and steal are not. */
export function busySeconds(stat = readFileSync("/proc/stat", "utf8")): number {
  const [user, nice, system, , , irq, softirq] = stat.split("\n")[0].split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}

/** CPUs that are busy now, over half a second in which this process does nothing. */
export async function background(): Promise<number> {
  const before = busySeconds();
  await delay(WINDOW_MS);
  return (busySeconds() - before) / (WINDOW_MS / 1000);
}
