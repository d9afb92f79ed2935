// assembly/offload/segment.ts: a superframe of 44 segments cut into wire frames, copied and with every checksum.

import { Probe } from "../../test/oracle/probe.ts";
import { Random } from "../../test/oracle/random.ts";
import { split } from "../../test/oracle/split.ts";
import { tcpFrame, udpFrame } from "../../test/oracle/wire.ts";
import type { Case } from "./case.ts";

const MSS = 1410;
const SEGMENTS = 44;

export function cases(): Case[] {
  const link = { to: 0x020000000002, from: 0x020000000001 };
  const header = { source: "10.0.0.1", destination: "10.0.0.2" };
  const payload = new Random(3).bytes(MSS * SEGMENTS);
  const tcp = tcpFrame(link, header, { from: 1, to: 2, sequence: 3, sum: "partial" }, payload);
  const udp = udpFrame(link, header, { from: 1, to: 2, sum: "partial" }, payload);
  return [
    { size: "TCP, 44 × 1464 B", frame: tcp, gsoType: 1 },
    { size: "UDP, 44 × 1452 B", frame: udp, gsoType: 5 },
  ].map(({ size, frame, gsoType }): Case => {
    const probe = new Probe();
    const at = probe.put(frame, 16);
    probe.bytes.set([1, gsoType, 0, 0, MSS & 255, MSS >> 8, 34, 0, 6, 0], at - 10);
    const to = at + 2 ** 20;
    return {
      name: "split",
      size,
      frames: SEGMENTS,
      bytes: payload.length,
      core: () => {
        probe.call.parse(at, frame.length);
        probe.call.readVnet(at - 10);
        probe.call.beginSegments();
        let end = to;
        for (let i = 0; i < SEGMENTS; i++) end += probe.call.writeSegment(end, i);
        return end;
      },
      twin: () => split(frame, MSS),
    };
  });
}
