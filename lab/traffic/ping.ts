// ping(8) from a container, as numbers.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attempt } from "../command.ts";

export interface PingResult {
  sent: number;
  received: number;
  /** Round-trip times in milliseconds, one a reply. */
  times: number[];
  output: string;
}

export interface PingOptions {
  count?: number;
  intervalSeconds?: number;
  /** All at once, and a second's patience with the last. */
  atOnce?: boolean;
  /** How long to wait when there was no reply at all; with one, ping(8) waits for the last no longer than an interval or two round trips. */
  waitSeconds?: number;
  /** Bytes of ICMP payload. */
  size?: number;
  /** Further flags, such as -M do. */
  flags?: readonly string[];
}

/** Pings `address` from a namespace. Never rejects for loss: look at `received`. */
export async function ping(netns: string, address: string, options: PingOptions = {}): Promise<PingResult> {
  const count = options.count ?? 5;
  const pace = options.atOnce ? ["-i", "1", "-l", `${count}`] : ["-i", `${options.intervalSeconds ?? 0.2}`];
  const argv = ["ping", "-n", "-c", `${count}`, ...pace, "-W", `${options.waitSeconds ?? 2}`];
  if (options.size !== undefined) argv.push("-s", `${options.size}`);
  const { stdout, stderr } = await attempt([...argv, ...(options.flags ?? []), address], { netns });
  return summary(stdout + stderr);
}

/**
 * As fast as replies come back (ping -A), for averages; ends after `seconds` at the latest. The output goes to a file and is read afterwards: a
 * pipe would wake this process for every reply, on a CPU that is being measured. `prefix`: a command that runs ping, such as taskset.
 */
export async function pingAdaptive(
  netns: string,
  address: string,
  count: number,
  seconds: number,
  prefix: readonly string[] = [],
): Promise<PingResult> {
  const directory = mkdtempSync(join(tmpdir(), "weft-ping-"));
  try {
    const file = join(directory, "output");
    const argv = [...prefix, "ping", "-n", "-A", "-c", `${count}`, "-w", `${seconds}`, address];
    // Exit code 1 says that fewer than `count` came back in time; how many is in the output.
    const { code, stderr } = await attempt(["sh", "-c", 'exec "$@" > "$0"', file, ...argv], { netns, timeoutMs: (seconds + 10) * 1000 });
    const result = summary(readFileSync(file, "utf8"));
    if (result.received === 0) throw new Error(`${argv.join(" ")}: no reply (exit ${code}): ${stderr.trim()}`);
    return result;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Sequence numbers without a reply, but for the last: at a quick pace ping(8) hardly waits for that one. */
export function unanswered({ sent, output }: PingResult): number[] {
  if (sent < 2) throw new Error(`ping sent ${sent}: ${output.trim()}`);
  const answered = new Set([...output.matchAll(/ icmp_seq=(\d+) /g)].map(([, number]) => Number(number)));
  return Array.from({ length: sent - 1 }, (_, i) => i + 1).filter((number) => !answered.has(number));
}

function summary(output: string): PingResult {
  const match = /(\d+) packets transmitted, (\d+) received/.exec(output);
  const times = [...output.matchAll(/ time=([\d.]+) ms/g)].map((found) => Number(found[1]));
  return { sent: Number(match?.[1] ?? 0), received: Number(match?.[2] ?? 0), times, output };
}
