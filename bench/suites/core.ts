// What the README's table shows. TCP with one and four streams, 64-byte UDP datagrams that arrive at a program (the most at any offered load, and when
// the sender offers all it can: it runs on the same CPUs, and what it makes in vain is taken from everybody), the ping round trip, and
// how many seconds of CPU a gigabyte costs (busy time of the whole machine, since an overlay's work is also in soft interrupts and in
// the ends). iperf3 is both ends, as an application would be.

import { readdirSync, readFileSync } from "node:fs";
import { run } from "../../lab/command.ts";
import { checksumErrors } from "../../lab/snmp.ts";
import { iperf } from "../../lab/traffic/iperf.ts";
import { pingAdaptive } from "../../lab/traffic/ping.ts";
import { busySeconds } from "../background.ts";
import type { Pair, Standing } from "../peers/peer.ts";
import { trimmedMean } from "../statistics.ts";
import type { Measure, Suite, SuiteOptions } from "./suite.ts";

/** As many as that, or as many as come back in that time. */
export const PINGS = 20_000;
const PING_SECONDS = 3;
const UDP_BYTES = 64;
/** Loads at which it is tried how many datagrams arrive, a second; then all that the sender can make. */
const OFFERED_PER_SECOND = [200_000, 250_000, 300_000, 350_000, 400_000];

const MEASURES: readonly Measure[] = [
  { key: "tcp1", title: "TCP, 1 stream", label: "1", unit: "Gb/s", better: "more", digits: 2, group: "TCP", axis: "parallel streams" },
  { key: "tcp4", title: "TCP, 4 streams", label: "4", unit: "Gb/s", better: "more", digits: 2, group: "TCP", axis: "parallel streams" },
  {
    key: "udp64",
    title: "UDP 64 B delivered, at best",
    label: "the best of several",
    unit: "k/s",
    better: "more",
    digits: 0,
    group: "UDP datagrams of 64 B",
    axis: "offered load",
  },
  {
    key: "udp64Flood",
    title: "UDP 64 B delivered, flooded",
    label: "all the sender can",
    unit: "k/s",
    better: "more",
    digits: 0,
    group: "UDP datagrams of 64 B",
    axis: "offered load",
  },
  {
    key: "rtt",
    title: "ping RTT",
    label: "any CPUs",
    unit: "µs",
    better: "less",
    digits: 1,
    group: "ping round trip",
    axis: "processes pinned to",
  },
  {
    key: "rttPinned",
    title: "ping RTT, one CPU",
    label: "one CPU",
    unit: "µs",
    better: "less",
    digits: 1,
    group: "ping round trip",
    axis: "processes pinned to",
  },
  {
    key: "cpu1",
    title: "CPU, TCP 1 stream",
    label: "1",
    unit: "s/GB",
    better: "less",
    digits: 2,
    group: "CPU time, whole machine",
    axis: "parallel TCP streams",
  },
  {
    key: "cpu4",
    title: "CPU, TCP 4 streams",
    label: "4",
    unit: "s/GB",
    better: "less",
    digits: 2,
    group: "CPU time, whole machine",
    axis: "parallel TCP streams",
  },
];

const ALL_CPUS = readFileSync("/sys/devices/system/cpu/online", "utf8").trim();

async function runCore(pair: Pair, standing: Standing, { seconds }: SuiteOptions): Promise<Record<string, number>> {
  const [from, to] = pair.containers;
  const ends = { from: from.netns, to: to.netns, address: to.ip4, seconds };
  const values: Record<string, number> = {};
  for (const streams of [1, 4]) {
    const before = busySeconds();
    const result = await iperf(pair.lab, { ...ends, streams });
    values[`tcp${streams}`] = result.bitsPerSecond / 1e9;
    values[`cpu${streams}`] = (busySeconds() - before) / (result.bytes / 1e9);
  }
  const delivered = async (offeredPerSecond?: number) => {
    const test = { ...ends, seconds: udpSeconds(seconds), udpBytes: UDP_BYTES, offeredPerSecond };
    return (await iperf(pair.lab, test)).packetsPerSecond / 1e3;
  };
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

/** iperf3 takes whole seconds. */
function udpSeconds(seconds: number): number {
  return Math.max(1, Math.round(seconds / 2));
}

async function pin(standing: Standing, cpus: string): Promise<void> {
  for (const pid of standing.pids.flatMap(withDescendants)) await run(["taskset", "-a", "-p", "-c", cpus, `${pid}`]);
}

/** A process and those that it started: the one that was spawned may be a wrapper. */
function withDescendants(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(withDescendants)];
}

/** Mean of many round trips without the lowest and the highest tenth, in microseconds. */
async function roundTrip(pair: Pair, prefix: readonly string[]): Promise<number> {
  const [from, to] = pair.containers;
  const { times } = await pingAdaptive(from.netns, to.ip4, PINGS, PING_SECONDS, prefix);
  return trimmedMean(times, 0.1) * 1000;
}

const shared = {
  measures: () => [...MEASURES],
  run: runCore,
  estimateSeconds: ({ seconds }: SuiteOptions) => 2 * seconds + (OFFERED_PER_SECOND.length + 1) * udpSeconds(seconds) + 2 * PING_SECONDS,
};

export const core: Suite = { name: "core", title: "Two hosts", topology: "two hosts", ...shared };

/** The same between two containers on one host, where nothing is encapsulated: a switch beside Linux's bridge. */
export const sameHost: Suite = { name: "samehost", title: "Two containers on one host", topology: "one host", ...shared };
