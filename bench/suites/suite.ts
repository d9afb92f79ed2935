// A suite: a set of measures that are taken together, of one overlay after the other, on one topology.

import type { Pair, Standing } from "../peers/peer.ts";

export interface Measure {
  key: string;
  title: string;
  /** Short, beside others of its group. */
  label: string;
  unit: string;
  better: "more" | "less";
  /** Digits after the point that are shown. */
  digits: number;
  /** Measures of one group share a unit and a chart's panel. */
  group: string;
  /** What the labels of a group are: title of the panel's axis. */
  axis: string;
}

export interface SuiteOptions {
  /** Length of each iperf3 test. */
  seconds: number;
  /** The frame sizes to look at: names of bench/suites/frames.ts. */
  sizes: readonly string[];
}

export interface Suite {
  name: string;
  title: string;
  /** Containers on two hosts, or both on one (the underlay then carries nothing, and its kind does not matter). */
  topology: "two hosts" | "one host";
  measures(options: SuiteOptions): Measure[];
  /** One round of one overlay: every measure by its key. Rejects when a container's stack found a wrong checksum: a fast lie is no result. */
  run(pair: Pair, standing: Standing, options: SuiteOptions): Promise<Record<string, number>>;
  /** About how long a round of one overlay takes, in seconds, before one has been seen. */
  estimateSeconds(options: SuiteOptions): number;
}
