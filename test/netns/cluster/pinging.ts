// Pings at a steady pace for as long as a test goes on, and says afterwards when answers stayed away.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../../../lab/lab.ts";
import type { Placed } from "./containers.ts";

let count = 0;

export interface Pinging {
  from: string;
  to: string;
  /** Ends it; gives when each answer came, in milliseconds since 1970. */
  stop(): Promise<number[]>;
}

export function startPinging(lab: Lab, from: Placed, to: Placed, intervalMs: number): Pinging {
  // To a file that is read afterwards: a pipe would wake this process for every answer, on a CPU that the agents need.
  const file = join(lab.directory, `ping-${count++}`);
  const argv = ["ping", "-n", "-D", "-i", String(intervalMs / 1000), to.ip];
  const daemon = lab.spawn(["sh", "-c", 'exec "$@" > "$0"', file, ...argv], { netns: from.netns, name: `ping ${from.name} ${to.name}` });
  return {
    from: from.name,
    to: to.name,
    stop: async () => {
      await daemon.stop("SIGINT");
      return [...readFileSync(file, "utf8").matchAll(/^\[([\d.]+)\] \d+ bytes from/gm)].map(([, seconds]) => Number(seconds) * 1000);
    },
  };
}

/** The longest time without an answer within [begin, end], in milliseconds. */
export function longestGap(answers: readonly number[], begin: number, end: number): number {
  const within = answers.filter((at) => at > begin && at < end);
  return [...within, end].reduce(({ longest, last }, at) => ({ longest: Math.max(longest, at - last), last: at }), {
    longest: 0,
    last: begin,
  }).longest;
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
