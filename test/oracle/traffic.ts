// Random but well-formed traffic, for property tests.

import type { Random } from "./random.ts";
import { ROUTING_TYPES, routingHeader } from "./route.ts";
import { ACK, CWR, type Ethernet, FIN, type Ip, PSH, tcpFrame, udpFrame } from "./wire.ts";

export const GSO_TCPV4 = 1;
export const GSO_TCPV6 = 4;
export const GSO_UDP_L4 = 5;

export interface Superframe {
  frame: Uint8Array;
  gsoType: number;
  /** Payload bytes a segment. */
  gsoSize: number;
}

export function anyLink(random: Random): Ethernet {
  const tag = random.oneIn(8) ? { tci: random.below(65536) } : {};
  return { to: 0x020000000000 + random.below(8), from: 0x020000000100 + random.below(8), ...tag };
}

export function anyIp(random: Random): Ip {
  const common = { tos: random.below(256), ttl: random.between(1, 255) };
  if (random.oneIn(2)) {
    const options = random.oneIn(4) ? { options: padded(random, random.between(1, 10), 4) } : {};
    const fragment = random.pick([0, 0x4000, 0x8000]);
    return {
      source: `10.${random.below(256)}.0.${random.below(256)}`,
      destination: `10.0.${random.below(256)}.1`,
      id: random.below(65536),
      fragment,
      ...options,
      ...common,
    };
  }
  const extensions = random.oneIn(4) ? { extensions: anyExtensions(random) } : {};
  return {
    source: `fd00::${random.below(65536).toString(16)}`,
    destination: `fd00:1::${random.between(1, 255).toString(16)}`,
    flowLabel: random.below(1 << 20),
    ...extensions,
    ...common,
  };
}

function padded(random: Random, units: number, unit: number): Uint8Array {
  return random.bytes(units * unit);
}

/** Hop-by-hop and destination options, and now and then a routing header with segments left or none. */
function anyExtensions(random: Random): [number, Uint8Array][] {
  return Array.from({ length: random.between(1, 3) }, (_, i): [number, Uint8Array] => {
    if (i === 0 && random.oneIn(3)) {
      const hops = Array.from({ length: random.between(1, 3) }, () => `fd00:2::${random.between(1, 0xffff).toString(16)}`);
      return routingHeader(random.pick([...ROUTING_TYPES]), hops, random.between(0, hops.length));
    }
    const units = random.between(1, 3);
    const bytes = padded(random, units, 8);
    bytes[1] = units - 1;
    return [random.pick([0, 60]), bytes];
  });
}

export function anyPorts(random: Random): { from: number; to: number } {
  return { from: random.below(65536), to: random.below(65536) };
}

export function anyTcp(random: Random) {
  const options = random.oneIn(2) ? { options: padded(random, random.between(1, 10), 4) } : {};
  const flags = ACK | (random.oneIn(2) ? PSH : 0) | (random.oneIn(6) ? FIN : 0) | (random.oneIn(6) ? CWR : 0);
  return { ...anyPorts(random), sequence: random.u32(), acknowledgement: random.u32(), window: random.below(65536), flags, ...options };
}

/** TSO4, TSO6, USO4 or USO6, 2 to about 64 segments, checksum left partial as the kernel leaves it. */
export function anySuperframe(random: Random): Superframe {
  const link = anyLink(random);
  const header = anyIp(random);
  const gsoSize = random.oneIn(3) ? random.between(1, 64) : random.between(65, 1460);
  const segments = random.between(2, Math.min(64, Math.floor(65000 / gsoSize)));
  const payload = random.bytes((segments - 1) * gsoSize + random.pick([1, gsoSize, random.between(1, gsoSize)]));
  const fitting = payload.subarray(0, 64000);
  if (random.oneIn(2)) {
    const frame = udpFrame(link, header, { ...anyPorts(random), sum: "partial" }, fitting);
    return { frame, gsoType: GSO_UDP_L4, gsoSize };
  }
  const frame = tcpFrame(link, header, { ...anyTcp(random), sum: "partial" }, fitting);
  return { frame, gsoType: header.source.includes(":") ? GSO_TCPV6 : GSO_TCPV4, gsoSize };
}
