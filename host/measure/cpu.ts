// Seconds that this machine's CPUs were busy. The whole machine's: an overlay's work is also in soft interrupts and in both ends of a
// connection, which no single process's time has.

import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** USER_HZ, which /proc/stat counts in: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const BACKGROUND_MS = 500;

/** Since the machine started, all CPUs together. Idle, iowait and steal are not busy (proc_stat(5)). */
export function busySeconds(stat = readFileSync("/proc/stat", "utf8")): number {
  const [user, nice, system, , , irq, softirq] = stat.split("\n")[0].split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}

/** How many CPUs are busy with other things, while nothing of ours runs. */
export async function backgroundCpus(stop: AbortSignal): Promise<number> {
  const [before, begin] = [busySeconds(), performance.now()];
  await delay(BACKGROUND_MS, undefined, { signal: stop });
  return (busySeconds() - before) / ((performance.now() - begin) / 1000);
}
