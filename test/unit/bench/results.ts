// Figures of a run that never was, for tests of what is made from figures.

import type { Results, Section } from "../../../bench/results.ts";

const section: Section = {
  suite: "core",
  title: "Two hosts",
  wire: "whole",
  wireDescription: "as it is",
  measures: [
    { key: "tcp1", title: "TCP, 1 stream", label: "1", unit: "Gb/s", better: "more", digits: 2, group: "TCP", axis: "streams" },
    { key: "rtt", title: "ping RTT", label: "any CPUs", unit: "µs", better: "less", digits: 1, group: "ping", axis: "pinned to" },
  ],
  background: [0.02, 0.05, 0.03],
  peers: {
    linux: {
      description: "Linux & friends",
      offloads: ["tx-checksumming"],
      largestFrame: 64_424,
      values: { tcp1: [10, 12, 11], rtt: [5, 5.2, 5.1] },
    },
    weft: { description: "weft", offloads: ["tx-checksumming"], largestFrame: 61_628, values: { tcp1: [8, 6, 11], rtt: [50, 26, 51] } },
  },
};

/** Two measures of two peers in three rounds; `changes` to the section. */
export function sampleResults(changes: Partial<Section> = {}): Results {
  return {
    version: 2,
    machine: {
      cpu: "Processor <X>",
      cpus: 2,
      memoryGiB: 4,
      kernel: "6.18",
      node: "v24",
      iperf3: "3.12",
      commit: "abc1234",
      date: "2026-01-02T03:04:05.000Z",
      load: 0.1,
    },
    rounds: 3,
    seconds: 2,
    mtu: 1500,
    workers: null,
    baseline: "linux",
    sections: [{ ...structuredClone(section), ...changes }],
  };
}
