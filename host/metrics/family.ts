// A metric family whose samples are read when somebody scrapes. The data path counts in shared memory, so nothing is counted
// here: prom-client's own Counter and Histogram cannot be set from outside, its registry takes any object of this shape and writes
// the text format. Main thread.

import type { Metric, Registry } from "prom-client";

export type Labels = Record<string, string>;

export interface Sample {
  labels: Labels;
  value: number;
  /** Name with its suffix, for the parts of a histogram. */
  metricName?: string;
}

export interface Family<S> {
  name: string;
  help: string;
  type: "counter" | "gauge" | "histogram";
  /** One sample for each set of labels, from what one scrape sees. */
  samples(seen: S): Iterable<Sample>;
}

/** Adds families to a registry; `seen` gives what the scrape in progress reads. */
export function addFamilies<S>(register: Registry, families: readonly Family<S>[], seen: () => S): void {
  for (const { name, help, type, samples } of families) {
    const get = async () => ({ name, help, type, values: [...samples(seen())], aggregator: "sum" });
    register.registerMetric({ name, help, type, aggregator: "sum", get, reset() {} } as unknown as Metric);
  }
}

/** The three parts of one Prometheus histogram. `counts`: what fell into each bucket, and, if there is one more, above the last bound. */
export function histogramSamples(
  name: string,
  labels: Labels,
  bounds: readonly number[],
  counts: readonly number[],
  sum: number,
): Sample[] {
  const samples: Sample[] = [];
  let total = 0;
  for (const [i, bound] of bounds.entries()) {
    total += counts[i];
    samples.push({ metricName: `${name}_bucket`, labels: { ...labels, le: String(bound) }, value: total });
  }
  total += counts[bounds.length] ?? 0;
  samples.push({ metricName: `${name}_bucket`, labels: { ...labels, le: "+Inf" }, value: total });
  samples.push({ metricName: `${name}_sum`, labels, value: sum });
  samples.push({ metricName: `${name}_count`, labels, value: total });
  return samples;
}
