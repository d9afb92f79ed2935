// What is measured, from what was asked: keys for programs, titles for people. The order is that of the tests and of the table. Pure.

import type { BenchRequest, Measure } from "../model/bench.ts";

export function measuresOf({
  streams,
  udpBytes,
  lossPercentMax,
}: Pick<BenchRequest, "streams" | "udpBytes" | "lossPercentMax">): Measure[] {
  return [...streams.flatMap(tcpMeasures), ...udpBytes.flatMap((bytes) => udpMeasures(bytes, lossPercentMax)), ...PING];
}

const PING: Measure[] = [
  { key: "rtt", title: "ping round trip", unit: "µs", better: "less", digits: 1 },
  { key: "rttP99", title: "ping round trip, p99", unit: "µs", better: "less", digits: 0 },
  { key: "pingLoss", title: "ping lost", unit: "%", better: "less", digits: 2 },
];

function tcpMeasures(streams: number): Measure[] {
  const title = `TCP, ${streams} ${streams === 1 ? "stream" : "streams"}`;
  return [
    { key: `tcp${streams}`, title, unit: "Gb/s", better: "more", digits: 2 },
    { key: `cpu${streams}`, title: `${title}: CPU of this host`, unit: "s/GB", better: "less", digits: 2 },
    { key: `retransmits${streams}`, title: `${title}: retransmitted`, unit: "/GB", better: "less", digits: 0 },
  ];
}

function udpMeasures(bytes: number, lossPercentMax: number): Measure[] {
  const title = `UDP ${bytes} B`;
  const rate = { unit: "k/s", better: "more", digits: 1 } as const;
  return [
    { key: `udp${bytes}Flood`, title: `${title} delivered, flooded`, ...rate },
    { key: `udp${bytes}FloodLoss`, title: `${title} lost, flooded`, unit: "%", better: "less", digits: 2 },
    { key: `udp${bytes}Best`, title: `${title} delivered, at best`, ...rate },
    { key: `udp${bytes}LossFree`, title: `${title} with at most ${lossPercentMax} % lost`, ...rate },
  ];
}
