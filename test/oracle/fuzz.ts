// Frames and datagrams from a generator that knows what the core looks for and gets it wrong on purpose: well-formed traffic, then bytes
// changed, cut, repeated or made up; virtio-net headers that lie; trains that are none.

import type { Datagram, FromPort } from "./core-harness.ts";
import type { Random } from "./random.ts";
import { anyIp, anyLink, anyPorts, anySuperframe, anyTcp } from "./traffic.ts";
import { arpFrame, ethernet, icmpFrame, icmpv6Frame, tcpFrame, udpFrame, vxlan } from "./wire.ts";
import { A, B, BLUE_VNI, BROADCAST, C, D, IP4, RED_VNI, STRANGER, VTEP1, VTEP2 } from "./world.ts";

const MACS = [A, B, C, D, STRANGER, BROADCAST, 0, 0x0180c2000001, 0x333300000001];
const TYPES = [0x0800, 0x86dd, 0x0806, 0x8100, 0x88a8, 0x88b5, 0];

function anyFrame(random: Random): Uint8Array {
  const link = { ...anyLink(random), to: random.pick(MACS), from: random.oneIn(3) ? random.pick(MACS) : random.pick([A, B, C, D]) };
  const header = anyIp(random);
  const payload = random.bytes(random.oneIn(20) ? random.below(3000) : random.below(200));
  const sum = random.pick(["full", "full", "partial", "wrong", "none"] as const);
  switch (random.below(7)) {
    case 0:
    case 1:
      return tcpFrame(link, header, { ...anyTcp(random), sum: sum === "none" ? "full" : sum }, payload);
    case 2:
      return udpFrame(link, header, { ...anyPorts(random), sum }, payload);
    case 3:
      return arpFrame(link, { operation: random.below(4), senderMac: random.pick(MACS), senderIp: "10.0.0.1", targetIp: "10.0.0.3" });
    case 4:
      return icmpv6Frame(link, { ...header, source: "fd00::1", destination: "ff02::1:ff00:3", ttl: 255 }, solicitationLike(random));
    case 5:
      return icmpFrame(link, { ...header, source: "10.0.0.1", destination: "10.0.0.2" }, random.bytes(random.between(8, 64)));
    default:
      return ethernet(link, random.pick(TYPES), payload);
  }
}

/** One that may be merged with its like. */
function mergeableFrame(random: Random): Uint8Array {
  return udpFrame({ to: A, from: C }, IP4, { from: random.below(4), to: 9 }, random.bytes(random.between(1, 300)));
}

function solicitationLike(random: Random): Uint8Array {
  const message = random.bytes(random.between(4, 48));
  message[0] = random.pick([135, 136, 1, 128, message[0]]);
  message[1] = random.oneIn(4) ? message[1] : 0;
  return message;
}

/** Changes a well-formed thing a little, or beyond recognition. */
export function mutate(random: Random, bytes: Uint8Array): Uint8Array {
  const kind = random.below(6);
  if (kind < 2 || bytes.length === 0) return bytes;
  if (kind === 2) return bytes.slice(0, random.below(bytes.length + 1));
  const changed = bytes.slice();
  // Most changes hit headers, where they matter.
  const near = Math.min(changed.length, 90);
  for (let i = random.between(1, 4); i > 0; i--) {
    const at = random.below(random.oneIn(3) ? changed.length : near);
    changed[at] = random.pick([0, 0xff, changed[at] ^ (1 << random.below(8)), random.below(256)]);
  }
  if (kind === 5) return Buffer.concat([changed, random.bytes(random.below(64))]);
  return changed;
}

export function anyFromPort(random: Random): FromPort {
  const port = random.pick([1, 1, 2, 3, 3, 0, 77]);
  const truncated = random.oneIn(40);
  if (random.oneIn(8)) {
    const { frame, gsoType, gsoSize } = anySuperframe(random);
    frame.set(random.oneIn(2) ? [2, 0, 0, 0, 0, 0x0c] : [2, 0, 0, 0, 0, 0x0b]);
    frame.set([2, 0, 0, 0, 0, 0x0a], 6);
    const lie = random.oneIn(3);
    const size = lie ? random.pick([0, 1, 65535, random.below(65536)]) : gsoSize;
    return {
      port,
      truncated,
      frame: lie ? mutate(random, frame) : frame,
      vnet: { flags: random.pick([1, 1, 0]), gsoType: lie ? random.below(256) : gsoType, gsoSize: size, csumStart: 34, csumOffset: 16 },
    };
  }
  const frame = mutate(random, anyFrame(random));
  if (random.oneIn(4)) {
    const vnet = { flags: random.below(4), gsoType: random.pick([0, 0, 1, 3, 4, 5, 0x81]), gsoSize: random.below(2000) };
    return {
      port,
      truncated,
      frame,
      vnet: { ...vnet, csumStart: random.below(100), csumOffset: random.pick([2, 6, 16, random.below(65536)]) },
    };
  }
  const length = random.oneIn(50) ? { length: random.below(frame.length + 11) } : {};
  return { port, truncated, frame, ...length };
}

export function anyDatagram(random: Random): Datagram {
  const vni = random.pick([BLUE_VNI, BLUE_VNI, BLUE_VNI, RED_VNI, 999]);
  const source = random.pick([VTEP1, VTEP1, VTEP1, VTEP2, "192.0.2.77", "192.0.2.1"]);
  const common = { source, tos: random.below(256), truncated: random.oneIn(60) };
  if (random.oneIn(5)) {
    const count = random.between(2, 20);
    const one = vxlan(vni, random.oneIn(3) ? mergeableFrame(random) : anyFrame(random));
    const packets = Array.from({ length: count }, () => (random.oneIn(2) ? one : mutate(random, one)));
    const bytes = Buffer.concat(packets).subarray(0, 65_507);
    return { ...common, bytes, segmentBytes: random.pick([one.length, one.length, 1 + random.below(2000)]) };
  }
  if (random.oneIn(12)) {
    const { frame, gsoSize } = anySuperframe(random);
    frame.set([2, 0, 0, 0, 0, 0x0a]);
    frame.set([2, 0, 0, 0, 0, 0x0c], 6);
    return { ...common, bytes: mutate(random, vxlan(vni, frame)).subarray(0, 65_507), segmentBytes: random.pick([0, gsoSize, 1400]) };
  }
  return { ...common, bytes: mutate(random, vxlan(vni, anyFrame(random))), segmentBytes: random.oneIn(10) ? random.below(100) : 0 };
}
