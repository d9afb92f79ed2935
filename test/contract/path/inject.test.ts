// Injected sends against a naive twin of their headers, byte by byte, and the rules of when a superframe leaves whole.

import { beforeEach, describe, expect, test } from "vitest";
import { TX_SEGMENTS_MAX } from "../../../assembly/abi/limits.ts";
import { DROP_FULL_RING, DROP_TX_UNREACHABLE } from "../../../assembly/abi/reason.ts";
import { INJECT_LONE } from "../../../assembly/abi/vtep.ts";
import { W_INJECT } from "../../../assembly/abi/worker.ts";
import { internetChecksum, pseudoHeader, sum16 } from "../../oracle/checksum.ts";
import type { CoreHarness, Send } from "../../oracle/core-harness.ts";
import { allowInjection, FIRST_SOURCE_PORT } from "../../oracle/injection.ts";
import { Random, seed } from "../../oracle/random.ts";
import { split } from "../../oracle/split.ts";
import { anySuperframe } from "../../oracle/traffic.ts";
import { CWR, type Ip, ipBytes, tcpFrame, udpFrame } from "../../oracle/wire.ts";
import {
  A,
  BLUE,
  BLUE_VNI,
  BROADCAST,
  builds,
  C,
  D,
  hex,
  IP4,
  IP6,
  RED,
  RED_VNI,
  small,
  standardWorld,
  superframe,
  VTEP1,
  VTEP2,
} from "../../oracle/world.ts";

const OWN = { 4: "192.0.2.1", 6: "2001:db8::1" } as const;
const REMOTE = { 4: VTEP1, 6: VTEP2 } as const;
const MACS = [2, 0, 0, 0, 0, 0x99, 2, 0, 0, 0, 0, 0x11];
const NEXT_HOP = { 4: Uint8Array.of(...MACS, 0x08, 0x00), 6: Uint8Array.of(...MACS, 0x86, 0xdd) } as const;
const VNET_BYTES = 24;
const GSO_ECN = 0x80;
const GSO_UDP_L4 = 5;
const families = [4, 6] as const;
type Family = (typeof families)[number];

interface Expected {
  family: Family;
  frame: Uint8Array;
  /** Absent: no superframe. */
  vnet?: { gsoType: number; gsoSize: number; hdrLen: number; csumStart: number; csumOffset: number };
  /** Offset of the inner IP header in the frame. */
  inner: number;
  socket: number;
  tos: number;
  ttl: number;
  vni: number;
}

/** The whole write, as linux/virtio_net.h (struct virtio_net_hdr_v1_hash_tunnel), RFC 791, RFC 8200, RFC 768 and RFC 7348 have it. */
function twin({ family, frame, vnet, inner, socket, tos, ttl, vni }: Expected): Uint8Array {
  const ipBytesLong = family === 4 ? 20 : 40;
  const outer = 14 + ipBytesLong + 8 + 8;
  const bytes = new Uint8Array(VNET_BYTES + outer + frame.length);
  const view = new DataView(bytes.buffer);
  if (vnet) {
    view.setUint8(0, 1 | 8); // NEEDS_CSUM, UDP_TUNNEL_CSUM
    view.setUint8(1, vnet.gsoType | (family === 4 ? 0x20 : 0x40));
    view.setUint16(2, outer + vnet.hdrLen, true);
    view.setUint16(4, vnet.gsoSize, true);
    view.setUint16(6, outer + vnet.csumStart, true);
    view.setUint16(8, vnet.csumOffset, true);
    // num_buffers, hash_value, hash_report and padding: zero.
    view.setUint16(20, 14 + ipBytesLong, true);
    view.setUint16(22, outer + inner, true);
  } else {
    // An ordinary packet whose outer UDP checksum is to be finished.
    view.setUint8(0, 1);
    view.setUint16(6, 14 + ipBytesLong, true);
    view.setUint16(8, 6, true);
  }
  bytes.set(NEXT_HOP[family], VNET_BYTES);
  const ip = VNET_BYTES + 14;
  const udpLength = 8 + 8 + frame.length;
  const [source, destination] = [ipBytes(OWN[family]), ipBytes(REMOTE[family])];
  if (family === 4) {
    view.setUint8(ip, 0x45);
    view.setUint8(ip + 1, tos);
    view.setUint16(ip + 2, 20 + udpLength);
    view.setUint16(ip + 6, 0x4000);
    view.setUint8(ip + 8, ttl);
    view.setUint8(ip + 9, 17);
    bytes.set(source, ip + 12);
    bytes.set(destination, ip + 16);
    view.setUint16(ip + 10, internetChecksum(bytes.subarray(ip, ip + 20)));
  } else {
    view.setUint32(ip, 0x60000000 + tos * 2 ** 20);
    view.setUint16(ip + 4, udpLength);
    view.setUint8(ip + 6, 17);
    view.setUint8(ip + 7, ttl);
    bytes.set(source, ip + 8);
    bytes.set(destination, ip + 24);
  }
  const udp = ip + ipBytesLong;
  view.setUint16(udp, FIRST_SOURCE_PORT + socket);
  view.setUint16(udp + 2, 4789);
  view.setUint16(udp + 4, udpLength);
  view.setUint16(udp + 6, sum16(pseudoHeader(source, destination, 17, udpLength)));
  view.setUint8(udp + 8, 8);
  view.setUint32(udp + 12, vni * 256);
  bytes.set(frame, udp + 16);
  return bytes;
}

describe.each(builds)("$build: injection", ({ build }) => {
  let harness: CoreHarness;
  beforeEach(() => {
    harness = standardWorld({ build });
    // Full are segments of 1000 bytes over IPv4, of 980 over IPv6.
    for (const [network, vni] of [
      [BLUE, BLUE_VNI],
      [RED, RED_VNI],
    ])
      harness.network(network, { vni, mtu: 1040 });
  });

  /** Both VTEPs of the world; their families differ, so the own address is that of the one that is meant. */
  const allow = (family: Family) => allowInjection(harness, family === 4 ? 1 : 2, OWN[family], NEXT_HOP[family]);
  const behind = (family: Family) => (family === 4 ? C : D);
  const only = (sends: Send[]): Send => {
    expect(sends).toHaveLength(1);
    return sends[0];
  };

  describe.each(families)("over an IPv%i underlay", (family) => {
    beforeEach(() => allow(family));

    test.each([
      ["IPv4", { ...IP4, tos: 0 }],
      ["IPv6", { ...IP6, tos: 0 }],
      ["IPv4 with ECT(0) and a DSCP", { ...IP4, tos: 0xb8 | 2 }],
      ["IPv6 with CE", { ...IP6, tos: 3 }],
    ] as [string, Ip][])("a superframe of TCP over %s leaves whole, its frame untouched", (_, header) => {
      const size = header.source === IP4.source ? 1000 : 980;
      const { frame, vnet } = superframe({ to: behind(family), from: A }, new Random(family).bytes(10 * size - 1), size, header);
      const sent = only(harness.egress([{ port: 1, frame, vnet }]).sends);
      expect(sent).toMatchObject({ vtep: family === 4 ? 1 : 2, network: BLUE, frames: 10, tos: header.tos, ttl: 64 });
      const expected = twin({ family, frame, vnet, inner: 14, socket: sent.socket, tos: header.tos ?? 0, ttl: 64, vni: BLUE_VNI });
      expect(hex(sent.injected as Uint8Array)).toBe(hex(expected));
    });

    test("the ECN bit of the virtio-net header stays", () => {
      const { frame, vnet } = superframe({ to: behind(family), from: A }, new Uint8Array(3000), 1000, IP4, { flags: 16 | CWR });
      const withEcn = { ...vnet, gsoType: vnet.gsoType | GSO_ECN };
      const sent = only(harness.egress([{ port: 1, frame, vnet: withEcn }]).sends);
      const expected = twin({ family, frame, vnet: withEcn, inner: 14, socket: sent.socket, tos: 0, ttl: 64, vni: BLUE_VNI });
      expect(hex(sent.injected as Uint8Array)).toBe(hex(expected));
    });

    test("TOS and TTL are the network's own", () => {
      harness.network(BLUE, { vni: 0xfffffe, mtu: 1040, tos: 0x48, ttl: -1 });
      const { frame, vnet } = superframe({ to: behind(family), from: A }, new Uint8Array(3000), 1000, { ...IP4, tos: 1, ttl: 17 });
      const sent = only(harness.egress([{ port: 1, frame, vnet }]).sends);
      const expected = twin({ family, frame, vnet, inner: 14, socket: sent.socket, tos: 0x49, ttl: 17, vni: 0xfffffe });
      expect(hex(sent.injected as Uint8Array)).toBe(hex(expected));
    });

    test(`whatever the superframe: options, extension headers, tags, UDP (seed ${seed})`, () => {
      harness.vtep(family === 4 ? 1 : 2, REMOTE[family], 9000);
      allow(family);
      const random = new Random();
      let whole = 0;
      for (let i = 0; i < 150; i++) {
        const superframe = anySuperframe(random);
        const tagged = superframe.frame[12] === 0x81;
        const frame = superframe.frame.slice();
        frame.set([2, 0, 0, 0, 0, behind(family) & 255, 2, 0, 0, 0, 0, A & 255]);
        const inner = tagged ? 18 : 14;
        const v6 = frame[inner - 2] === 0x86;
        const l4 = transport(frame, inner, v6);
        const udp = superframe.gsoType === GSO_UDP_L4;
        const hdrLen = l4 + (udp ? 8 : (frame[l4 + 12] >> 4) * 4);
        const vnet = {
          flags: 1,
          gsoType: superframe.gsoType,
          gsoSize: superframe.gsoSize,
          hdrLen,
          csumStart: l4,
          csumOffset: udp ? 6 : 16,
        };
        const mtu = udp ? 9000 : hdrLen - inner + superframe.gsoSize;
        harness.network(BLUE, { vni: BLUE_VNI, mtu, flags: 1 | 2 | 16 });
        const [sent] = harness.egress([{ port: 1, frame, vnet }]).sends;
        if (!sent?.injected) continue;
        whole++;
        const expected = twin({ family, frame, vnet, inner, socket: sent.socket, tos: sent.tos, ttl: 64, vni: BLUE_VNI });
        expect(hex(sent.injected)).toBe(hex(expected));
        expect(sent.frames).toBe(split(frame, superframe.gsoSize).length);
      }
      expect(whole).toBeGreaterThan(100);
    });
  });

  describe.each(families)("a frame that comes alone, over an IPv%i underlay", (family) => {
    beforeEach(() => allow(family));

    test.each([
      [IP4, true],
      [IP4, false],
      [IP6, true],
      [IP6, false],
    ] as [Ip, boolean][])("leaves the same way, its checksum finished (%o, partial %s)", (header, isPartial) => {
      const payload = new Random(family).bytes(601);
      const whole = udpFrame({ to: behind(family), from: A }, header, { from: 7, to: 8 }, payload);
      const sum = header === IP4 ? 14 + 20 : 14 + 40;
      const vnet = {
        flags: isPartial ? 1 : 0,
        gsoType: 0,
        hdrLen: 0,
        gsoSize: 0,
        csumStart: isPartial ? sum : 0,
        csumOffset: isPartial ? 6 : 0,
      };
      const frame = isPartial ? udpFrame({ to: behind(family), from: A }, header, { from: 7, to: 8, sum: "partial" }, payload) : whole;
      const sent = only(harness.egress([{ port: 1, frame, vnet }]).sends);
      expect(sent).toMatchObject({ vtep: family === 4 ? 1 : 2, network: BLUE, frames: 1 });
      const expected = twin({ family, frame: whole, inner: 14, socket: sent.socket, tos: sent.tos, ttl: 64, vni: BLUE_VNI });
      expect(hex(sent.injected as Uint8Array)).toBe(hex(expected));
      expect(harness.takeFrames(BLUE)).toEqual({ received_port: 1, sent: 1 });
    });

    test("goes by the sockets in company, where frames share a send", () => {
      const { sends } = harness.egress([1, 2].map(() => ({ port: 1, frame: small(behind(family), A) })));
      expect(sends.map(({ injected, segments }) => [injected, segments.length])).toEqual([[undefined, 2]]);
    });
  });

  describe("goes by the sockets, cut", () => {
    const cut = (sends: Send[]) => sends.flatMap(({ segments }) => segments).length;
    const three = (to = C) => ({ port: 1, ...superframe({ to, from: A }, new Uint8Array(3000), 1000) });

    test("while the VTEP has no next hop, and again once it has lost it", () => {
      allowInjection(harness, 1, OWN[4], null);
      expect(cut(harness.egress([three()]).sends)).toBe(3);
      allow(4);
      expect(cut(harness.egress([three()]).sends)).toBe(0);
      harness.entries.setVtepNextHop(1, null);
      expect(cut(harness.egress([three()]).sends)).toBe(3);
    });

    test("while the interface would have it cut in software; a frame that comes alone goes by the TAP all the same", () => {
      allow(4);
      harness.entries.setVtepNextHop(1, NEXT_HOP[4], INJECT_LONE);
      expect(cut(harness.egress([three()]).sends)).toBe(3);
      expect(only(harness.egress([{ port: 1, frame: small(C, A) }]).sends).injected).toBeDefined();
    });

    test("while the worker has no underlay TAP", () => {
      allow(4);
      harness.view.setUint32(harness.block + W_INJECT, 0, true);
      expect(cut(harness.egress([three()]).sends)).toBe(3);
    });

    test("what is flooded", () => {
      allow(4);
      const { sends } = harness.egress([three(BROADCAST)]);
      expect(sends.every(({ injected }) => injected === undefined)).toBe(true);
      expect(cut(sends)).toBe(6);
    });

    test("what is no superframe and not alone, unfinished checksum or not", () => {
      allow(4);
      const { frame, vnet } = superframe({ to: C, from: A }, new Uint8Array(800), 1000);
      const plain = { port: 1, frame, vnet: { ...vnet, gsoType: 0, gsoSize: 0 } };
      expect(cut(harness.egress([plain, { port: 1, frame: small(C, A) }]).sends)).toBe(2);
    });

    test("a superframe whose checksum is not left to be finished, or with bytes behind its packet", () => {
      allow(4);
      const { frame, vnet } = superframe({ to: C, from: A }, new Uint8Array(3000), 1000, IP4, { sum: "full" });
      const finished = harness.egress([{ port: 1, frame, vnet: { ...vnet, flags: 0 } }]).sends;
      expect(finished.every(({ injected }) => injected === undefined)).toBe(true);
      const padded = three();
      const { sends } = harness.egress([{ ...padded, frame: new Uint8Array([...padded.frame, 0, 0, 0, 0]) }]);
      expect(sends.every(({ injected }) => injected === undefined)).toBe(true);
    });

    test("one of TCP whose segments are smaller than the path takes: where it is not cut, nobody could tell", () => {
      allow(4);
      const sized = (bytes: number) => ({ port: 1, ...superframe({ to: C, from: A }, new Uint8Array(3 * bytes), bytes) });
      expect(harness.egress([sized(1000)]).sends[0].injected).toBeDefined();
      const { sends } = harness.egress([sized(999)]);
      expect(sends.map(({ injected, segments }) => [injected, segments.length])).toEqual([[undefined, 3]]);
      harness.entries.setVtepMtu(1, 1039);
      expect(harness.egress([sized(999)]).sends[0].injected).toBeDefined();
    });

    test("one too long for an outer IP packet", () => {
      allow(4);
      const payload = new Uint8Array(65_495 - 20 - 14);
      harness.network(BLUE, { vni: BLUE_VNI, mtu: 1436 });
      const { frame, vnet } = superframe({ to: C, from: A }, payload, 1396);
      const { sends } = harness.egress([{ port: 1, frame, vnet }]);
      expect(sends.every(({ injected }) => injected === undefined)).toBe(true);
      expect(cut(sends)).toBe(Math.ceil(payload.length / 1396));
    });
  });

  test("segments that do not fit the path are dropped and told, injected or not", () => {
    allow(4);
    const { frame, vnet } = superframe({ to: C, from: A }, new Uint8Array(6000), 1500);
    const { sends, writes } = harness.egress([{ port: 1, frame, vnet }]);
    expect(sends).toEqual([]);
    expect(writes).toHaveLength(1);
    expect(harness.takeFrames(BLUE)).toMatchObject({ received_port: 4, drop_pkt_too_big: 4 });
  });

  test("frames of one flow keep their order around it, on one socket and source port", () => {
    allow(4);
    const frames = [1, 2, 3].map((sequence) => tcpFrame({ to: C, from: A }, IP4, { from: 5000, to: 80, sequence }, new Uint8Array(10)));
    const whole = superframe({ to: C, from: A }, new Uint8Array(5000), 1000);
    const { sends } = harness.egress([
      { port: 1, frame: frames[0] },
      { port: 1, frame: frames[1] },
      { port: 1, ...whole },
      { port: 1, frame: frames[2] },
    ]);
    expect(sends.map(({ segments, injected }) => (injected ? "whole" : segments.length))).toEqual([2, "whole", 1]);
    expect(new Set(sends.map(({ socket }) => socket)).size).toBe(1);
    expect(new DataView((sends[1].injected as Uint8Array).buffer).getUint16(VNET_BYTES + 34)).toBe(FIRST_SOURCE_PORT + sends[0].socket);
  });

  test("several in one call each lie in their own buffer; another network's go to its VNI", () => {
    allow(4);
    const frames = Array.from({ length: 70 }, (_, i) => superframe({ to: C, from: A }, new Random(i).bytes(2500), 1000));
    const { sends } = harness.egress(frames.map(({ frame, vnet }) => ({ port: 1, frame, vnet })));
    expect(sends.map(({ injected }) => hex((injected as Uint8Array).subarray(VNET_BYTES + 50)))).toEqual(
      frames.map(({ frame }) => hex(frame)),
    );
    const red = only(harness.egress([{ port: 3, ...frames[0] }]).sends);
    expect(red.network).toBe(RED);
    expect(new DataView((red.injected as Uint8Array).buffer).getUint32(VNET_BYTES + 46)).toBe(43 * 256);
  });

  describe("is counted", () => {
    test("by its wire frames and their bytes", () => {
      allow(4);
      harness.network(BLUE, { vni: BLUE_VNI, mtu: 140 });
      const { frame, vnet } = superframe({ to: C, from: A }, new Uint8Array(70 * 100 - 30), 100);
      const sent = only(harness.egress([{ port: 1, frame, vnet }]).sends);
      expect(sent.frames).toBe(70);
      expect(sent.frames).toBeGreaterThan(TX_SEGMENTS_MAX);
      const bytes = split(frame, 100).reduce((sum, { length }) => sum + length, 0);
      expect(harness.take(BLUE)).toEqual({ received_port: 70, received_port_bytes: bytes, sent: 70, sent_bytes: bytes });
    });

    test("as dropped, all its frames, with the host's reason", () => {
      allow(4);
      const whole = { port: 1, ...superframe({ to: C, from: A }, new Uint8Array(5000), 1000) };
      harness.egress([whole], { send: ({ frames }) => ({ dropped: frames, reason: DROP_FULL_RING }) });
      expect(harness.take(BLUE)).toMatchObject({ received_port: 5, drop_full_ring: 5 });
      harness.egress([whole, { port: 1, frame: small(C, A) }, whole], {
        send: ({ injected, frames }) => (injected ? { dropped: frames, reason: DROP_TX_UNREACHABLE } : undefined),
      });
      expect(harness.takeFrames(BLUE)).toEqual({ received_port: 11, sent: 1, drop_tx_unreachable: 10 });
      harness.assertAllBooks();
    });
  });

  test("a descriptor that carried one carries a cut one next, and the other way round", () => {
    allow(4);
    const whole = [{ port: 1, ...superframe({ to: C, from: A }, new Uint8Array(5000), 1000) }];
    const plain = [1, 2].map(() => ({ port: 1, frame: udpFrame({ to: C, from: A }, IP4, { from: 1, to: 2 }, new Uint8Array(77)) }));
    for (const [first, second] of [
      [whole, plain],
      [plain, whole],
    ]) {
      expect(only(harness.egress(first).sends).injected !== undefined).toBe(first === whole);
      expect(only(harness.egress(second).sends).injected !== undefined).toBe(second === whole);
    }
  });
});

/** Offset of the transport header. */
function transport(frame: Uint8Array, ip: number, v6: boolean): number {
  if (!v6) return ip + (frame[ip] & 15) * 4;
  let at = ip + 40;
  for (let next = frame[ip + 6]; [0, 43, 60].includes(next); ) {
    next = frame[at];
    at += 8 + frame[at + 1] * 8;
  }
  return at;
}
