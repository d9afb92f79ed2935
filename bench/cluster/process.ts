// What the kernel tells of a process: its memory, and the CPU time that it has had.

import { readFileSync } from "node:fs";

/** USER_HZ, which /proc/PID/stat counts in: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const MIB_KIB = 1024;

export interface Memory {
  /** Resident now, MiB. */
  rss: number;
  /** The most that ever was, MiB. */
  peak: number;
}

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? Number.NaN) / MIB_KIB;
  return { rss: field("VmRSS"), peak: field("VmHWM") };
}

/** User and system time of all its threads, in seconds. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name, in parentheses, may have anything in it.
  const [, , , , , , , , , , , user, system] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  return (user + system) / TICKS_PER_SECOND;
}

/** What work costs processes in CPU seconds, each. */
export async function cpuOf(pids: readonly number[], work: () => Promise<void>): Promise<number[]> {
  const before = pids.map(cpuSeconds);
  await work();
  return pids.map((pid, i) => cpuSeconds(pid) - before[i]);
}
