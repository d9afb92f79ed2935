import { beforeEach, describe, expect, test } from "vitest";
import { H_HASH_KEY, HEADER } from "../../../assembly/abi/layout.ts";
import { TX_SEGMENTS_MAX, TX_SOCKETS, TX_TRAIN_BYTES_MAX } from "../../../assembly/abi/limits.ts";
import { DROP_TX_ERROR, DROP_TX_UNREACHABLE } from "../../../assembly/abi/reason.ts";
import type { CoreHarness, FromPort, Send } from "../../oracle/core-harness.ts";
import { flowHash } from "../../oracle/hash.ts";
import { Random, seed } from "../../oracle/random.ts";
import { ROUTING_TYPES, routingHeader } from "../../oracle/route.ts";
import { split, transportRight } from "../../oracle/split.ts";
import { GSO_TCPV4, GSO_UDP_L4 } from "../../oracle/traffic.ts";
import { ethernet, type Ip, ip, ipBytes, udpFrame } from "../../oracle/wire.ts";
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
  inner,
  interleave,
  small,
  standardWorld,
  superframe,
} from "../../oracle/world.ts";

describe.each(builds)("$build: sends", ({ build }) => {
  let harness: CoreHarness;
  beforeEach(() => {
    harness = standardWorld({ build });
  });

  const socketOf = (frame: Uint8Array) => flowHash(frame, harness.view.getBigUint64(HEADER + H_HASH_KEY, true)) % TX_SOCKETS;
  const out = (frames: Uint8Array[]) => harness.egress(frames.map((frame) => ({ port: 1, frame }))).sends;
  const sizes = (sends: Send[]) => sends.map(({ segments }) => segments.map(({ length }) => length));

  describe("pack frames of one flow", () => {
    test("of one size into one", () => {
      expect(sizes(out(Array.from({ length: 5 }, () => small(C, A, 92))))).toEqual([[142, 142, 142, 142, 142]]);
    });

    test("a shorter one joins and closes", () => {
      expect(sizes(out([100, 100, 50, 100, 100, 50, 50].map((bytes) => small(C, A, bytes))))).toEqual([
        [150, 150, 100],
        [150, 150, 100],
        [100],
      ]);
    });

    test("a longer one begins another", () => {
      expect(sizes(out([10, 10, 11, 11].map((bytes) => small(C, A, bytes))))).toEqual([
        [60, 60],
        [61, 61],
      ]);
    });

    test("up to 64 segments", () => {
      const sends = [...harness.egress(Array.from({ length: 64 }, () => ({ port: 1, frame: small(C, A) }))).sends];
      expect(sends.map(({ segments }) => segments.length)).toEqual([TX_SEGMENTS_MAX]);
      const { frame, vnet } = superframe({ to: C, from: A }, new Uint8Array(65 * 100), 100);
      expect(harness.egress([{ port: 1, frame, vnet }]).sends.map(({ segments }) => segments.length)).toEqual([64, 1]);
    });

    test("up to the bytes that one train takes", () => {
      harness.network(BLUE, { vni: BLUE_VNI, mtu: 9000 });
      harness.vtep(1, "192.0.2.2", 9000);
      const sends = out(Array.from({ length: 20 }, () => small(C, A, 8900)));
      const each = Math.floor(TX_TRAIN_BYTES_MAX / 8950);
      expect(sends.map(({ segments }) => segments.length)).toEqual([each, each, 20 - 2 * each]);
    });
  });

  test.each([
    ["TOS", { ...IP4, tos: 0x20 }],
    ["ECN", { ...IP4, tos: 1 }],
  ])("another %s closes", (_, header: Ip) => {
    expect(sizes(out([small(C, A), small(C, A, 32, header), small(C, A)])).map((segments) => segments.length)).toEqual([1, 1, 1]);
  });

  test("another TTL closes when it is inherited", () => {
    const mixed = [64, 63, 64].map((ttl) => small(C, A, 32, { ...IP4, ttl }));
    expect(sizes(out(mixed)).map((segments) => segments.length)).toEqual([3]);
    harness.network(BLUE, { vni: BLUE_VNI, ttl: -1 });
    expect(out(mixed).map(({ ttl }) => ttl)).toEqual([64, 63, 64]);
  });

  test("another VTEP or network closes", () => {
    expect(out([small(C, A), small(D, A), small(C, A), small(D, A)]).map(({ vtep, segments }) => [vtep, segments.length])).toEqual(
      expect.arrayContaining([
        [1, 2],
        [2, 2],
      ]),
    );
    const { sends } = harness.egress([
      { port: 1, frame: small(C, A) },
      { port: 3, frame: small(C, A) },
    ]);
    expect(sends.map(({ network }) => network)).toEqual([1, 2]);
  });

  test("the socket is the flow's, whatever comes between", () => {
    const random = new Random(3);
    const seen = new Set<number>();
    for (let i = 0; i < 400; i++) {
      const header = random.pick([IP4, IP6]);
      const frame = small(C, A, random.below(200), header, { from: random.below(65536), to: random.below(65536) });
      const [send] = out([frame]);
      expect(send.socket).toBe(socketOf(frame));
      seen.add(send.socket);
    }
    expect(seen.size).toBe(TX_SOCKETS);
  });

  test("all fragments of a datagram go by one socket, whatever their ports seem to be", () => {
    const random = new Random(8);
    const sockets = Array.from({ length: 50 }, (_, i) => {
      const fragment = i === 0 ? 0x2000 : 100 * i;
      return out([ethernet({ to: C, from: A }, 0x0800, ip({ ...IP4, fragment }, 17, random.bytes(64)))])[0].socket;
    });
    expect(new Set(sockets).size).toBe(1);
    const six = Array.from(
      { length: 50 },
      () =>
        out([ethernet({ to: C, from: A }, 0x86dd, ip({ ...IP6, extensions: [[44, random.bytes(8)]] }, 17, random.bytes(64)))])[0].socket,
    );
    expect(new Set(six).size).toBe(1);
  });

  test("a superframe longer than a send is several, each full", () => {
    const payload = new Random(6).bytes(64_000);
    const { frame, vnet } = superframe({ to: C, from: A }, payload, 1396);
    const { sends } = harness.egress([{ port: 1, frame, vnet }]);
    expect(sends.map(({ segments }) => segments.length)).toEqual([
      Math.floor(TX_TRAIN_BYTES_MAX / 1458),
      46 - Math.floor(TX_TRAIN_BYTES_MAX / 1458),
    ]);
    expect(sends.flatMap(({ segments }) => segments.map((segment) => hex(inner(segment))))).toEqual(split(frame, 1396).map(hex));
  });

  test("a lie about the segment size is no trap", () => {
    const payload = new Uint8Array(65_400);
    for (const gsoSize of [65_399, 65_350, 65_535, 32_700, 1]) {
      const { frame, vnet } = superframe({ to: C, from: A }, payload, gsoSize);
      harness.egress([{ port: 1, frame, vnet }]);
      harness.egress([{ port: 1, frame: superframe({ to: BROADCAST, from: A }, payload, gsoSize).frame, vnet }]);
    }
    expect(vnetOfTso()).toBe(GSO_TCPV4);
  });

  test.each(ROUTING_TYPES)("a superframe behind a routing header of type %d is cut with the checksums of the route's end", (type) => {
    const header = { ...IP6, extensions: [routingHeader(type, type === 2 ? ["fd00::8"] : ["fd00::7", "fd00::8"])] };
    const payload = new Random(type).bytes(5000);
    const tcp = superframe({ to: C, from: A }, payload, 1200, header);
    const udp = udpFrame({ to: C, from: A }, header, { from: 1, to: 2, sum: "partial" }, payload);
    const uso = { flags: 1, gsoType: GSO_UDP_L4, gsoSize: 1200, csumStart: type === 2 ? 78 : 94, csumOffset: 6 };
    for (const { frame, vnet } of [tcp, { frame: udp, vnet: uso }]) {
      const { sends } = harness.egress([{ port: 1, frame, vnet }]);
      const segments = sends.flatMap(({ segments }) => segments.map(inner));
      expect(segments.map(hex)).toEqual(split(frame, 1200).map(hex));
      // The same frame with the destination that a receiver sees behind the last hop.
      for (const segment of segments) {
        segment.set(ipBytes("fd00::8"), 38);
        segment[57] = 0;
        expect(transportRight(segment)).toBe(true);
      }
    }
  });

  const vnetOfTso = () => superframe({ to: C, from: A }, new Uint8Array(10), 5).vnet.gsoType;

  test("padding does not get past the MTU", () => {
    const frame = new Uint8Array(69_000);
    frame.set(small(C, A, 10));
    expect(harness.egress([{ port: 1, frame }]).sends).toEqual([]);
    expect(harness.takeFrames(BLUE)).toEqual({ received_port: 1, drop_pkt_too_big: 1 });
    const padded = new Uint8Array(60);
    padded.set(small(C, A, 10));
    expect(sizes(out([padded]))).toEqual([[68]]);
  });

  test(`order within a flow holds whatever is between (seed ${seed})`, () => {
    const random = new Random();
    for (let round = 0; round < 30; round++) {
      const flows = Array.from({ length: random.between(2, 9) }, (_, flow) =>
        Array.from({ length: random.between(1, 60) }, (_, i): FromPort => {
          const header = { ...random.pick([IP4, IP6]), tos: random.pick([0, 0, 0, 4, 1]) };
          const to = flow % 2 === 0 ? C : D;
          const bytes = random.pick([100, 100, 100, 40, 400]);
          return {
            port: 1,
            frame: udpFrame({ to, from: A }, header, { from: flow + 1, to: 9 }, Uint8Array.of(...Array(bytes).fill(flow), i)),
          };
        }),
      );
      const { sends } = harness.egress(interleave(random, flows));
      for (const family of [4, 6]) {
        for (const [flow, frames] of flows.entries()) {
          const mine = (frame: Uint8Array) => (frame[12] === 8 ? 4 : 6) === family;
          const got = sends
            .flatMap(({ segments }) => segments.map(inner))
            .filter((frame) => mine(frame) && frame[frame.length - 2] === flow);
          expect(got.map(hex)).toEqual(frames.filter(({ frame }) => mine(frame)).map(({ frame }) => hex(frame)));
        }
      }
    }
  });

  describe("what the host could not send", () => {
    test("is dropped segment by segment, with its reason", () => {
      const frames = Array.from({ length: 10 }, () => ({ port: 1, frame: small(C, A) }));
      harness.egress(frames, { send: () => ({ dropped: 3, reason: DROP_TX_UNREACHABLE }) });
      expect(harness.take(BLUE)).toMatchObject({ sent: 7, sent_bytes: 7 * 74, drop_tx_unreachable: 3 });
      harness.egress(frames, { send: ({ segments }) => ({ dropped: segments.length, reason: 0 }) });
      expect(harness.take(BLUE)).toMatchObject({ drop_tx_error: 10 });
      expect(DROP_TX_ERROR).toBeGreaterThan(0);
    });
  });
});
