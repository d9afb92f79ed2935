// assembly/offload/frame.ts: parse(), which every frame passes first.

import { parseFrame } from "../../test/oracle/parse.ts";
import { Probe } from "../../test/oracle/probe.ts";
import { type Ip, tcpFrame, udpFrame } from "../../test/oracle/wire.ts";
import type { Case } from "./case.ts";

export function cases(): Case[] {
  const probe = new Probe();
  const link = { to: 0x020000000002, from: 0x020000000001 };
  const six: Ip = { source: "fd00::1", destination: "fd00::2", extensions: [[60, Uint8Array.of(0, 0, 1, 4, 0, 0, 0, 0)]] };
  const frames = {
    "IPv4 TCP, 1450 B": tcpFrame(
      link,
      { source: "10.0.0.1", destination: "10.0.0.2" },
      { from: 1, to: 2, sequence: 3 },
      new Uint8Array(1410),
    ),
    "IPv6 UDP behind an extension header, 100 B": udpFrame(link, six, { from: 1, to: 2 }, new Uint8Array(44)),
  };
  return Object.entries(frames).map(([size, frame], i): Case => {
    const at = probe.put(frame, i * 4096);
    return { name: "parse", size, frames: 1, bytes: 0, core: () => probe.call.parse(at, frame.length), twin: () => parseFrame(frame) };
  });
}
