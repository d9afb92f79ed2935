// What is measured of one overlay in one round: TCP with one and four streams, 64-byte UDP datagrams that arrive (the most at any offered load,
// and when the sender offers all it can: it runs on the same CPUs, and what it makes in vain is taken from everybody), the ping round trip, and how many seconds of CPU a gigabyte costs (busy time of the whole machine, since an
// overlay's work is also in soft interrupts and in the ends).

import { readFileSync } from "node:fs";
import { run } from "../lab/command.ts";
import { checksumErrors } from "../lab/snmp.ts";
import { iperf } from "../lab/traffic/iperf.ts";
import { pingAdaptive } from "../lab/traffic/ping.ts";
import type { Pair, Standing } from "./peers/peer.ts";
import { median } from "./statistics.ts";

/** USER_HZ, which /proc/stat counts in: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const PINGS = 1000;
const UDP_BYTES = 64;
/** Loads at which it is tried how many datagrams arrive, a second; then all that the sender can make. */
const OFFERED_PER_SECOND = [150_000, 200_000, 250_000, 300_000];

export interface Measure {
  key: string;
  title: string;
  unit: string;
  better: "more" | "less";
  digits: number;
}

export const MEASURES: readonly Measure[] = [
  { key: "tcp1", title: "TCP, 1 stream", unit: "Gb/s", better: "more", digits: 2 },
  { key: "tcp4", title: "TCP, 4 streams", unit: "Gb/s", better: "more", digits: 2 },
  { key: "udp64", title: "UDP 64 B delivered, at best", unit: "k/s", better: "more", digits: 0 },
  { key: "udp64Flood", title: "UDP 64 B delivered, flooded", unit: "k/s", better: "more", digits: 0 },
  { key: "rtt", title: "ping RTT", unit: "µs", better: "less", digits: 0 },
  { key: "rttPinned", title: "ping RTT, one CPU", unit: "µs", better: "less", digits: 0 },
  { key: "cpu1", title: "CPU, TCP 1 stream", unit: "s/GB", better: "less", digits: 2 },
  { key: "cpu4", title: "CPU, TCP 4 streams", unit: "s/GB", better: "less", digits: 2 },
];

/** Seconds that all CPUs together have been busy since the machine started. Idle, iowait and steal are not. */
export function busySeconds(): number {
  const [user, nice, system, , , irq, softirq] = readFileSync("/proc/stat", "utf8").split("\n")[0].split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}

/** One round of one overlay: every measure by its key. Rejects when a container's stack found a wrong checksum: a fast lie is no result. */
export async function measure(pair: Pair, standing: Standing, seconds: number): Promise<Record<string, number>> {
  const [from, to] = pair.containers;
  const ends = { from: from.netns, to: to.netns, address: to.ip4, seconds };
  const values: Record<string, number> = {};
  for (const streams of [1, 4]) {
    const before = busySeconds();
    const result = await iperf(pair.lab, { ...ends, streams });
    values[`tcp${streams}`] = result.bitsPerSecond / 1e9;
    values[`cpu${streams}`] = (busySeconds() - before) / (result.bytes / 1e9);
  }
  const delivered = async (offeredPerSecond?: number) =>
    (await iperf(pair.lab, { ...ends, seconds: Math.max(1, Math.round(seconds / 2)), udpBytes: UDP_BYTES, offeredPerSecond }))
      .packetsPerSecond / 1e3;
  values.udp64Flood = await delivered();
  values.udp64 = values.udp64Flood;
  for (const offered of OFFERED_PER_SECOND) values.udp64 = Math.max(values.udp64, await delivered(offered));
  values.rtt = await roundTrip(pair, []);
  await pin(standing, "0");
  values.rttPinned = await roundTrip(pair, ["taskset", "-c", "0"]);
  await pin(standing, ALL_CPUS);
  for (const end of [from, to]) {
    const errors = await checksumErrors(end.netns);
    if (errors > 0) throw new Error(`${errors} packets reached container ${end.name} with a wrong checksum`);
  }
  return values;
}

const ALL_CPUS = readFileSync("/sys/devices/system/cpu/online", "utf8").trim();

async function pin(standing: Standing, cpus: string): Promise<void> {
  for (const pid of standing.pids) await run(["taskset", "-a", "-p", "-c", cpus, `${pid}`]);
}

/** Median round trip in microseconds. */
async function roundTrip(pair: Pair, prefix: readonly string[]): Promise<number> {
  const [from, to] = pair.containers;
  const { times } = await pingAdaptive(from.netns, to.ip4, PINGS, prefix);
  return median(times) * 1000;
}
