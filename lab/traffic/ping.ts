// ping(8) from a container, as numbers.

import { attempt, run } from "../command.ts";

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
  /** How long to wait for the last reply. */
  waitSeconds?: number;
  /** Bytes of ICMP payload. */
  size?: number;
  /** Further flags, such as -M do. */
  flags?: readonly string[];
}

/** Pings `address` from a namespace. Never rejects for loss: look at `received`. */
export async function ping(netns: string, address: string, options: PingOptions = {}): Promise<PingResult> {
  const count = options.count ?? 5;
  const argv = ["ping", "-n", "-c", `${count}`, "-i", `${options.intervalSeconds ?? 0.2}`, "-W", `${options.waitSeconds ?? 2}`];
  if (options.size !== undefined) argv.push("-s", `${options.size}`);
  const { stdout, stderr } = await attempt([...argv, ...(options.flags ?? []), address], { netns });
  return summary(stdout + stderr);
}

/** As fast as replies come back (ping -A), for medians. */
export async function pingAdaptive(netns: string, address: string, count: number, prefix: readonly string[] = []): Promise<PingResult> {
  return summary(await run([...prefix, "ping", "-n", "-A", "-c", `${count}`, "-W", "2", address], { netns }));
}

function summary(output: string): PingResult {
  const match = /(\d+) packets transmitted, (\d+) received/.exec(output);
  const times = [...output.matchAll(/ time=([\d.]+) ms/g)].map((found) => Number(found[1]));
  return { sent: Number(match?.[1] ?? 0), received: Number(match?.[2] ?? 0), times, output };
}
