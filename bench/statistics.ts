// Medians and spreads. A single run on a shared machine says little: figures are medians over rounds, ratios are taken within a round (both
// sides saw the same neighbours) and then their median.

export interface Summary {
  median: number;
  min: number;
  max: number;
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The value that a share `q` of them does not exceed: 0.99 of 100 values is the 99th. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
}

export function summarise(values: readonly number[]): Summary {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * The mean without the lowest and the highest `part`: for round trips, of which ping tells whole microseconds. Their median is a whole number as well
 * (so is a mean of the middle half, when most are 5), and a mean of them all belongs to a few hiccups. A value on the edge counts in part.
 */
export function trimmedMean(values: readonly number[], part: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted.length * part, sorted.length * (1 - part)];
  let sum = 0;
  for (const [index, value] of sorted.entries()) {
    const share = Math.min(high, index + 1) - Math.max(low, index);
    if (share > 0) sum += value * share;
  }
  return sum / (high - low);
}

/** value[i] / baseline[i], one a round; a round in which either is missing or the baseline is 0 has none. */
export function ratios(values: readonly number[], baseline: readonly number[]): number[] {
  return values.map((value, round) => value / baseline[round]).filter(Number.isFinite);
}
