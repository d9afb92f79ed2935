// The world that most suites of the path stand in: a host with two networks.
//
//   network 1 (VNI 42): ports 1 (A) and 2 (B), VTEPs 1 (C behind it) and 2 (D behind it)
//   network 2 (VNI 43): port 3 (A again: MACs repeat across VNIs), VTEP 1 (C again)

import { BUILDS, CoreHarness, type HarnessOptions } from "./core-harness.ts";
import type { Random } from "./random.ts";
import { type Ethernet, type Ip, tcpFrame, udpFrame, vxlan } from "./wire.ts";

export const A = 0x02000000000a;
export const B = 0x02000000000b;
export const C = 0x02000000000c;
export const D = 0x02000000000d;
/** Nobody's. */
export const STRANGER = 0x0200000000ff;
export const BROADCAST = 0xffffffffffff;
export const BLUE = 1;
export const RED = 2;
export const BLUE_VNI = 42;
export const RED_VNI = 43;
export const VTEP1 = "192.0.2.2";
export const VTEP2 = "2001:db8::3";

/** Each build of the core, for describe.each. */
export const builds = BUILDS.map((build) => ({ build }));

export function standardWorld(options: HarnessOptions = {}): CoreHarness {
  const harness = new CoreHarness(options);
  harness.network(BLUE, { vni: BLUE_VNI });
  harness.network(RED, { vni: RED_VNI });
  harness.port(1, BLUE, A);
  harness.port(2, BLUE, B);
  harness.port(3, RED, A);
  harness.vtep(1, VTEP1);
  harness.vtep(2, VTEP2);
  harness.flood(BLUE, { ports: [1, 2], vteps: [1, 2] });
  harness.flood(RED, { ports: [3], vteps: [1] });
  harness.fdb(BLUE, A, "port", 1);
  harness.fdb(BLUE, B, "port", 2);
  harness.fdb(BLUE, C, "vtep", 1);
  harness.fdb(BLUE, D, "vtep", 2);
  harness.fdb(RED, A, "port", 3);
  harness.fdb(RED, C, "vtep", 1);
  return harness;
}

export const IP4: Ip = { source: "10.0.0.1", destination: "10.0.0.2" };
export const IP6: Ip = { source: "fd00::1", destination: "fd00::2" };

/** A UDP frame with `bytes` of payload. */
export function small(to: number, from: number, bytes = 32, header: Ip = IP4, ports = { from: 1000, to: 2000 }): Uint8Array {
  return udpFrame({ to, from }, header, ports, new Uint8Array(bytes).fill(0x5a));
}

export function tcpTo(to: number, from: number, payload: Uint8Array, sequence = 1, header: Ip = IP4, more = {}): Uint8Array {
  return tcpFrame({ to, from }, header, { from: 5000, to: 80, sequence, ...more }, payload);
}

/** A TCP superframe with its virtio-net header, as a TAP hands it over. */
export function superframe(link: Ethernet, payload: Uint8Array, gsoSize: number, header: Ip = IP4, more = {}) {
  const frame = tcpFrame(link, header, { from: 5000, to: 80, sequence: 1, sum: "partial", ...more }, payload);
  const six = header.source.includes(":");
  const csumStart = (link.tci === undefined ? 14 : 18) + (six ? 40 : 20);
  return { frame, vnet: { flags: 1, gsoType: six ? 4 : 1, gsoSize, hdrLen: csumStart + 20, csumStart, csumOffset: 16 } };
}

/** A datagram with one frame in it. */
export function datagram(frame: Uint8Array, vni = BLUE_VNI) {
  return { bytes: vxlan(vni, frame), source: VTEP1 };
}

/** What UDP_GRO makes of VXLAN packets of equal size (the last may be shorter). */
export function train(frames: Uint8Array[], vni = BLUE_VNI) {
  const packets = frames.map((frame) => vxlan(vni, frame));
  return { bytes: Buffer.concat(packets), source: VTEP1, segmentBytes: packets.length > 1 ? packets[0].length : 0 };
}

/** Deals several ordered lists into one, keeping the order of each. */
export function interleave<T>(random: Random, lists: readonly (readonly T[])[]): T[] {
  const rest = lists.map((list) => [...list]).filter((list) => list.length > 0);
  const dealt: T[] = [];
  while (rest.length > 0) {
    const i = random.below(rest.length);
    dealt.push(rest[i].shift() as T);
    if (rest[i].length === 0) rest.splice(i, 1);
  }
  return dealt;
}

/** The frame in a VXLAN packet. */
export function inner(packet: Uint8Array): Uint8Array {
  return packet.subarray(8);
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
