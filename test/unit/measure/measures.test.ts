import { expect, test } from "vitest";
import { measuresOf } from "../../../host/measure/measures.ts";

test("each test that is asked for has its measures, in order", () => {
  const measures = measuresOf({ streams: [1, 4], udpBytes: [64], lossPercentMax: 0.5 });
  expect(measures.map(({ key }) => key)).toEqual([
    ...["tcp1", "cpu1", "retransmits1", "tcp4", "cpu4", "retransmits4"],
    ...["udp64Flood", "udp64FloodLoss", "udp64Best", "udp64LossFree"],
    ...["rtt", "rttP99", "pingLoss"],
  ]);
  expect(measures.map(({ title }) => title)).toContain("TCP, 1 stream");
  expect(measures.map(({ title }) => title)).toContain("UDP 64 B with at most 0.5 % lost");
});

test("ping is always measured", () => {
  expect(measuresOf({ streams: [], udpBytes: [], lossPercentMax: 0 }).map(({ key }) => key)).toEqual(["rtt", "rttP99", "pingLoss"]);
});
