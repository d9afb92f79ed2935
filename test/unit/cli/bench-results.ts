// A benchmark's results for the tests of what shows them: plain numbers, two rounds, path and baseline.

import type { BenchResults, PathResults } from "../../../host/model/bench.ts";

export function samplePath(part: Partial<PathResults> = {}): PathResults {
  return {
    role: "path",
    address: "10.0.0.2",
    netns: "pcA",
    device: "eth0",
    deviceMtu: 1450,
    offloads: ["tcp-segmentation-offload", "generic-segmentation-offload", "highdma"],
    pathMtu: 1450,
    blackHole: false,
    peer: { system: "Linux 6.18.1", iperf3: "3.16" },
    values: { tcp1: [8, 9], rtt: [54.2, 60.1], pingLoss: [0, null] },
    summary: {
      tcp1: { median: 8.5, min: 8, max: 9 },
      rtt: { median: 57.15, min: 54.2, max: 60.1 },
      pingLoss: { median: 0, min: 0, max: 0 },
    },
    ratio: { tcp1: 0.7, rtt: 10.8, pingLoss: null },
    frames: null,
    ...part,
  };
}

export function sampleBaseline(): PathResults {
  return samplePath({
    role: "baseline",
    address: "10.99.0.2",
    netns: null,
    deviceMtu: 1500,
    pathMtu: null,
    offloads: null,
    peer: null,
    values: { tcp1: [12, 12.5], rtt: [5, 5.5], pingLoss: [null, null] },
    summary: { tcp1: { median: 12.25, min: 12, max: 12.5 }, rtt: { median: 5.25, min: 5, max: 5.5 }, pingLoss: null },
    ratio: {},
  });
}

export function sampleResults(part: Partial<BenchResults> = {}): BenchResults {
  return {
    started: "2026-11-22T05:44:55.188Z",
    rounds: 2,
    roundsAsked: 2,
    seconds: 3,
    lossPercentMax: 0.1,
    reverse: false,
    machine: { cpu: "Xeon", cpus: 2, kernel: "6.18.0", weft: "0.1.0", commit: null, iperf3: "3.12", load: 0.5 },
    background: [0.1, 0.3],
    agent: null,
    measures: [
      { key: "tcp1", title: "TCP, 1 stream", unit: "Gb/s", better: "more", digits: 2 },
      { key: "rtt", title: "ping round trip", unit: "µs", better: "less", digits: 1 },
      { key: "pingLoss", title: "ping lost", unit: "%", better: "less", digits: 2 },
    ],
    paths: [samplePath(), sampleBaseline()],
    ...part,
  };
}
