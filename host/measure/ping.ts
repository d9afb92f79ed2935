// ping(8) from this end, as numbers: the round trip while one packet after another goes to and fro, and the largest packet that the path takes.

import { isIPv6 } from "node:net";
import { OperationError } from "../model/errors.ts";
import { median } from "./statistics.ts";
import { runTool } from "./tool.ts";

export interface PingTarget {
  /** An IP address. */
  address: string;
  /** Path of the namespace to send from; null = weft's own. */
  netns: string | null;
}

export interface Pings {
  sent: number;
  received: number;
  /** Round trips in microseconds, one a reply. */
  timesUs: number[];
}

/** The first few tell how many fit the time. */
const FIRST = 3;
const COUNT_MIN = 10;
const COUNT_MAX = 1000;
/** ping -A of a user who is not root sends one packet each 200 ms at most. */
const UNPRIVILEGED_INTERVAL_MS = 200;
const MARGIN_MS = 10_000;

/** Pings one after another, as fast as the replies come (ping -A), for about `seconds`, at most a thousand times. */
export async function roundTrips(target: PingTarget, seconds: number, stop: AbortSignal): Promise<Pings> {
  const first = await ping(target, ["-c", `${FIRST}`, "-i", "0.2", "-w", "3"], 3000, stop);
  if (first.received === 0) return first;
  const interval = Math.max(median(first.timesUs) / 1000, process.getuid?.() === 0 ? 0.001 : UNPRIVILEGED_INTERVAL_MS);
  const count = Math.round(Math.min(COUNT_MAX, Math.max(COUNT_MIN, (seconds * 1000) / interval)));
  // The deadline is only for a path that stops answering: it would count the packet that is on its way as lost.
  const deadline = seconds * 2 + COUNT_MIN;
  return ping(target, ["-A", "-c", `${count}`, "-w", `${deadline}`], deadline * 1000, stop);
}

export type Probe = { reply: true } | { reply: false; toldMtu: number | null };

/** One packet of `bytes` with its IP header that may not be cut: does a reply come, and if not, is there word of the right size? */
export async function probeSize(target: PingTarget, bytes: number, stop: AbortSignal): Promise<Probe> {
  const payload = bytes - (isIPv6(target.address) ? 40 : 20) - 8;
  const argv = ["ping", "-n", "-c", "1", "-W", "1", "-M", "do", "-s", `${payload}`, target.address];
  const { stdout, stderr } = await runTool(argv, { netns: target.netns, stop, timeoutMs: MARGIN_MS });
  if (readPings(stdout).received > 0) return { reply: true };
  return { reply: false, toldMtu: readToldMtu(stdout + stderr) };
}

async function ping(target: PingTarget, words: readonly string[], atMostMs: number, stop: AbortSignal): Promise<Pings> {
  const argv = ["ping", "-n", ...words, "-W", "1", target.address];
  const { code, stdout, stderr } = await runTool(argv, { netns: target.netns, stop, timeoutMs: atMostMs + MARGIN_MS });
  // 1: not every packet was answered; that is a result.
  if (code !== 0 && code !== 1) throw new OperationError(`${target.address}: ping says: ${(stderr || stdout).trim().split("\n").at(-1)}`);
  return readPings(stdout);
}

/** What ping printed. */
export function readPings(output: string): Pings {
  const [, sent, received] = /(\d+) packets transmitted, (\d+) (?:packets )?received/.exec(output) ?? [];
  const timesUs = [...output.matchAll(/ time=([\d.]+) ms/g)].map(([, ms]) => Number(ms) * 1000);
  return { sent: Number(sent ?? 0), received: Number(received ?? 0), timesUs };
}

/** The MTU that the kernel or a router named: "message too long, mtu=1450", "Frag needed and DF set (mtu = 1400)", "Packet too big: mtu=1400". */
export function readToldMtu(output: string): number | null {
  const told = /mtu\s*[=:]\s*(\d+)/i.exec(output)?.[1];
  return told === undefined ? null : Number(told);
}
