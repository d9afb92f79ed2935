// One round over one path: every measure once. Main thread.

import type { BenchRequest } from "../model/bench.ts";
import { messageOf, OperationError } from "../model/errors.ts";
import { busySeconds } from "./cpu.ts";
import { type IperfTarget, tcp, udp } from "./iperf.ts";
import { roundTrips } from "./ping.ts";
import { interquartileMean, percentile } from "./statistics.ts";
import { searchUdpRates } from "./udp-search.ts";

export type Values = Record<string, number | null>;

/** `tell` gets each figure as it is measured. Rejects with OperationError that names the test, or with the reason of `stop`. */
export async function measureRound(
  target: IperfTarget,
  request: BenchRequest,
  tell: (text: string) => void,
  stop: AbortSignal,
): Promise<Values> {
  const { streams, udpBytes, seconds, lossPercentMax } = request;
  const values: Values = {};
  for (const count of streams)
    Object.assign(values, await named(`TCP × ${count}`, stop, () => tcpValues(target, count, seconds, tell, stop)));
  for (const bytes of udpBytes) {
    const load = { bytes, seconds, lossMax: lossPercentMax / 100 };
    Object.assign(values, await named(`UDP ${bytes} B`, stop, () => udpValues(target, load, tell, stop)));
  }
  return Object.assign(values, await named("ping", stop, () => pingValues(target, seconds, tell, stop)));
}

async function tcpValues(target: IperfTarget, streams: number, seconds: number, tell: (text: string) => void, stop: AbortSignal) {
  const before = busySeconds();
  const { bitsPerSecond, bytes, retransmits } = await tcp(target, streams, seconds, stop);
  const gigabytes = bytes / 1e9;
  tell(`  TCP × ${streams} ${(bitsPerSecond / 1e9).toFixed(2)} Gb/s`);
  return {
    [`tcp${streams}`]: bitsPerSecond / 1e9,
    [`cpu${streams}`]: gigabytes > 0 ? (busySeconds() - before) / gigabytes : null,
    [`retransmits${streams}`]: gigabytes > 0 ? retransmits / gigabytes : null,
  };
}

async function udpValues(
  target: IperfTarget,
  { bytes, seconds, lossMax }: { bytes: number; seconds: number; lossMax: number },
  tell: (text: string) => void,
  stop: AbortSignal,
) {
  const trial = (perSecond: number | null, length: number) => udp(target, { bytes, seconds: length, perSecond }, stop);
  const { flood, best, lossFree } = await searchUdpRates(trial, seconds, lossMax);
  tell(`  UDP ${bytes} B ${(best / 1e3).toFixed(0)} k/s`);
  return {
    [`udp${bytes}Flood`]: flood.deliveredPerSecond / 1e3,
    [`udp${bytes}FloodLoss`]: flood.loss * 100,
    [`udp${bytes}Best`]: best / 1e3,
    [`udp${bytes}LossFree`]: lossFree === null ? null : lossFree / 1e3,
  };
}

async function pingValues(target: IperfTarget, seconds: number, tell: (text: string) => void, stop: AbortSignal) {
  const { sent, received, timesUs } = await roundTrips(target, seconds, stop);
  const answered = timesUs.length > 0;
  tell(answered ? `  ping ${interquartileMean(timesUs).toFixed(0)} µs` : "  ping unanswered");
  return {
    rtt: answered ? interquartileMean(timesUs) : null,
    rttP99: answered ? percentile(timesUs, 99) : null,
    pingLoss: sent > 0 ? (1 - received / sent) * 100 : null,
  };
}

/** Puts the test's name in front of what went wrong. */
async function named<T>(test: string, stop: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (stop.aborted || !(error instanceof OperationError)) throw error;
    throw new OperationError(`${test}: ${messageOf(error)}`, { cause: error });
  }
}
