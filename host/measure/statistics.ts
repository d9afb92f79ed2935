// What is made of the values of several rounds. A single run on a shared machine says little: figures are medians over rounds; ratios are
// taken within a round, since both sides of one saw the same neighbours, and then their median. Pure.

import type { Summary } from "../model/bench.ts";

/** NaN for no values. */
export function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Mean of the middle half: as steady as a median, and finer than the steps in which ping prints its times. NaN for no values. */
export function interquartileMean(values: readonly number[]): number {
  const cut = Math.floor(values.length / 4);
  const middle = ascending(values).slice(cut, values.length - cut);
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}

/** The smallest value that `percent` of all do not exceed (nearest rank). NaN for no values. */
export function percentile(values: readonly number[], percent: number): number {
  const rank = Math.max(1, Math.ceil((percent / 100) * values.length));
  return ascending(values)[rank - 1] ?? Number.NaN;
}

/** Of those rounds that have a value; null when none has. */
export function summarise(values: readonly (number | null)[]): Summary | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : { median: median(known), min: Math.min(...known), max: Math.max(...known) };
}

/** Median of value[i] / baseline[i] over the rounds in which that means something; null when there is none. */
export function medianRatio(values: readonly (number | null)[], baseline: readonly (number | null)[]): number | null {
  const ratios = values.flatMap((value, round) => {
    const other = baseline[round] ?? 0;
    return value === null || other === 0 ? [] : [value / other];
  });
  return ratios.length === 0 ? null : median(ratios);
}

function ascending(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}
