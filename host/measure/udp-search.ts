// How many datagrams a second a path carries: flooded, at the best offered load, and at the highest load that loses next to nothing. Three
// questions, since a flood takes CPU time from whoever has to receive it, here or on the way, and shows less than there is.

import type { UdpResult } from "./iperf-report.ts";

/** Halvings of the range in which the highest load free of loss must lie: to 3 % of the flood. */
const STEPS = 5;
/** Length of each, the shortest that iperf3 has. */
const STEP_SECONDS = 1;

export interface UdpRates {
  flood: UdpResult;
  /** The most that arrived in any of the tests, datagrams a second. */
  best: number;
  /** The most that arrived in a test that lost no more than allowed; null when every one lost more. */
  lossFree: number | null;
}

/** One test: so many datagrams a second (null = as many as possible) for so many seconds. */
export type Trial = (perSecond: number | null, seconds: number) => Promise<UdpResult>;

/** Floods for `seconds`, then searches by halving, beginning at what the flood delivered. `lossMax` is 0…1. */
export async function searchUdpRates(trial: Trial, seconds: number, lossMax: number): Promise<UdpRates> {
  const flood = await trial(null, seconds);
  const rates: UdpRates = { flood, best: flood.deliveredPerSecond, lossFree: flood.loss <= lossMax ? flood.deliveredPerSecond : null };
  if (rates.lossFree !== null) return rates;
  let [free, lossy] = [0, flood.sentPerSecond];
  let offered = flood.deliveredPerSecond;
  for (let step = 0; step < STEPS; step++) {
    // At least one datagram in the test, or there is nothing to judge.
    const result = await trial(Math.max(1, offered), STEP_SECONDS);
    rates.best = Math.max(rates.best, result.deliveredPerSecond);
    if (result.loss <= lossMax) {
      free = Math.max(free, offered);
      rates.lossFree = Math.max(rates.lossFree ?? 0, result.deliveredPerSecond);
    } else lossy = Math.min(lossy, offered);
    offered = (free + lossy) / 2;
  }
  return rates;
}

/** Seconds that the search takes at most, beside the flood. */
export const SEARCH_SECONDS = STEPS * STEP_SECONDS;
