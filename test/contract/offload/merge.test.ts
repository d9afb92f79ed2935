import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { C_MERGED } from "../../../assembly/abi/counter.ts";
import { FEATURE_USO, H_FEATURES, H_HASH_KEY, HEADER } from "../../../assembly/abi/layout.ts";
import type { CoreHarness, Datagram, Write } from "../../oracle/core-harness.ts";
import { flowHash } from "../../oracle/hash.ts";
import { merge } from "../../oracle/merge.ts";
import { Random, seed } from "../../oracle/random.ts";
import { split } from "../../oracle/split.ts";
import { ACK, CWR, ECE, FIN, type Ip, PSH, RST, SYN, setU16, tcpFrame, URG, u16, udpFrame } from "../../oracle/wire.ts";
import { A, B, BLUE, builds, C, datagram, IP4, IP6, interleave, small, standardWorld, tcpTo, train } from "../../oracle/world.ts";

/** Its length, its headers and a digest: short enough to read when it differs. */
const digest = (frame: Uint8Array) =>
  `${frame.length} ${Buffer.from(frame.subarray(0, 60)).toString("hex")} ${createHash("sha256").update(frame).digest("hex").slice(0, 16)}`;

const MSS = 1000;
const link = { to: A, from: C };
const stream = new Random(17).bytes(70_000);

/** Consecutive TCP segments. */
function segments(count: number, header: Ip = IP4, more = {}, from = 1000): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const id = header === IP4 ? { id: 100 + i } : {};
    return tcpTo(A, C, stream.subarray(i * MSS, (i + 1) * MSS), from + i * MSS, { ...header, ...id }, more);
  });
}

function datagrams(count: number, bytes: number, header: Ip = IP4, more = {}): Uint8Array[] {
  return Array.from({ length: count }, (_, i) =>
    udpFrame(link, header, { from: 7, to: 8, ...more }, stream.subarray(i * bytes, (i + 1) * bytes)),
  );
}

describe.each(builds)("$build: segments that come in", ({ build }) => {
  let harness: CoreHarness;
  beforeAll(() => {
    harness = standardWorld({ build });
  });

  const bucketOf = (frame: Uint8Array) => flowHash(frame, harness.view.getBigUint64(HEADER + H_HASH_KEY, true)) & 255;
  const plainWrites = (writes: Write[]) => writes.map(({ port, frames, vnet, frame }) => ({ port, frames, vnet, frame: digest(frame) }));
  const deliver = (frames: Uint8Array[]) => harness.ingress(frames.map((frame) => datagram(frame))).writes;
  /** Delivers, compares with the naive twin, and answers how many frames each write holds. */
  const counts = (frames: Uint8Array[]): number[] => {
    const writes = deliver(frames);
    const arrivals = frames.map((frame) => ({ port: frame[5] === A % 256 ? 1 : 2, frame }));
    const twin = merge(arrivals, bucketOf).map((write) => ({ ...write, frame: digest(write.frame) }));
    expect(plainWrites(writes)).toEqual(twin);
    return writes.map(({ frames }) => frames);
  };

  test.each([IP4, IP6])("of one TCP stream become one write, which cut again is what came ($source)", (header) => {
    const frames = segments(40, header);
    expect(counts(frames)).toEqual([40]);
    const [write] = deliver(frames);
    expect(split(write.frame, write.vnet.gsoSize).map((frame) => Buffer.from(frame))).toEqual(frames.map((frame) => Buffer.from(frame)));
    expect(write.frameBytes).toBe(frames.reduce((bytes, frame) => bytes + frame.length, 0));
  });

  test.each([IP4, IP6])("of one UDP flow too, when the TAP takes such superframes ($source)", (header) => {
    expect(counts(datagrams(10, 500, header))).toEqual([10]);
    harness.view.setUint32(HEADER + H_FEATURES, 0, true);
    expect(deliver(datagrams(10, 500, header)).map(({ frames }) => frames)).toEqual(Array(10).fill(1));
    harness.view.setUint32(HEADER + H_FEATURES, FEATURE_USO, true);
  });

  test("as the kernel merged them or one by one, all the same", () => {
    const frames = segments(20);
    const trains = [train(frames.slice(0, 7)), train(frames.slice(7, 8)), train(frames.slice(8))];
    expect(plainWrites(harness.ingress(trains).writes)).toEqual(plainWrites(deliver(frames)));
  });

  test("at most 64, and never more than an IP packet holds", () => {
    const short = Array.from({ length: 130 }, (_, i) => tcpTo(A, C, stream.subarray(i * 10, i * 10 + 10), 1 + i * 10));
    expect(
      harness.ingress([train(short.slice(0, 64)), train(short.slice(64, 128)), train(short.slice(128))]).writes.map(({ frames }) => frames),
    ).toEqual([64, 64, 2]);
    const long = Array.from({ length: 9 }, (_, i) => tcpTo(A, C, new Uint8Array(8000), 1 + i * 8000));
    const big = long.map((frame) => ({ ...datagram(frame), bytes: datagram(frame).bytes }));
    harness.network(BLUE, { vni: 42, mtu: 9000 });
    const { writes } = harness.ingress(big);
    harness.network(BLUE, { vni: 42 });
    expect(writes.map(({ frames }) => frames)).toEqual([8, 1]);
    expect(writes.every(({ frame }) => frame.length - 14 <= 65535)).toBe(true);
  });

  test("exactly 65535 bytes fit, one more does not", () => {
    harness.network(BLUE, { vni: 42, mtu: 9000 });
    for (const [last, expected] of [
      [65535 - 40 - 8 * 8000, [9]],
      [65535 - 40 - 8 * 8000 + 1, [8, 1]],
    ] as const) {
      const frames = Array.from({ length: 9 }, (_, i) => tcpTo(A, C, new Uint8Array(i < 8 ? 8000 : last), 1 + i * 8000));
      expect(counts(frames)).toEqual(expected);
    }
    harness.network(BLUE, { vni: 42 });
  });

  test("a PSH ends a write and is kept; a PSH segment begins none", () => {
    const frames = segments(6);
    frames[2] = tcpTo(A, C, stream.subarray(2 * MSS, 3 * MSS), 1000 + 2 * MSS, { ...IP4, id: 102 }, { flags: ACK | PSH });
    expect(counts(frames)).toEqual([3, 3]);
    expect(deliver(frames)[0].frame[47] & PSH).toBe(PSH);
    const pushed = segments(3, IP4, { flags: ACK | PSH });
    expect(counts(pushed)).toEqual([1, 1, 1]);
  });

  test("a shorter one ends a write, a longer one begins the next", () => {
    const piece = (from: number, to: number) => tcpTo(A, C, stream.subarray(from, to), 1 + from);
    expect(counts([piece(0, 1000), piece(1000, 1500), piece(1500, 2500), piece(2500, 3900), piece(3900, 3901)])).toEqual([2, 1, 2]);
    const sizes = [500, 500, 20, 500, 600];
    expect(counts(sizes.map((bytes) => udpFrame(link, IP4, { from: 7, to: 8 }, stream.subarray(0, bytes))))).toEqual([3, 1, 1]);
  });

  test("without DF the ids have to count up, since a router may still fragment; with DF they say nothing", () => {
    const counting = (fragment: number, ids: number[]) =>
      counts(ids.map((id, i) => tcpTo(A, C, stream.subarray(i * MSS, (i + 1) * MSS), 1 + i * MSS, { ...IP4, fragment, id })));
    expect(counting(0, [65534, 65535, 0, 1])).toEqual([4]);
    expect(counting(0, [7, 8, 10, 11])).toEqual([2, 2]);
    expect(counting(0, [7, 7, 7])).toEqual([1, 1, 1]);
    expect(counting(0x4000, [7, 7, 1, 9])).toEqual([4]);
  });

  test("a gap, a repetition and the wrong order part writes", () => {
    const frames = segments(8);
    expect(counts([frames[0], frames[1], frames[3], frames[4]])).toEqual([2, 2]);
    expect(counts([frames[0], frames[1], frames[1], frames[2]])).toEqual([2, 2]);
    expect(counts([frames[1], frames[0], frames[1]])).toEqual([1, 2]);
  });

  test("sequence numbers wrap", () => {
    expect(counts(segments(4, IP4, {}, 2 ** 32 - 1500))).toEqual([4]);
  });

  const [first, second] = [segments(2)[0], segments(2)[1]];
  const next = (header: Ip, more = {}) => tcpTo(A, C, stream.subarray(MSS, 2 * MSS), 1000 + MSS, { id: 101, ...header }, more);
  test.each([
    ["TOS", next({ ...IP4, tos: 4 })],
    ["ECN", next({ ...IP4, tos: 3 })],
    ["TTL", next({ ...IP4, ttl: 63 })],
    ["DF", next({ ...IP4, fragment: 0 })],
    ["reserved bit", next({ ...IP4, fragment: 0xc000 })],
    ["IPv4 options", next({ ...IP4, options: Uint8Array.of(1, 1, 1, 1) })],
    ["source address", next({ ...IP4, source: "10.0.0.9" })],
    ["destination address", next({ ...IP4, destination: "10.0.0.9" })],
    ["acknowledgement", next(IP4, { acknowledgement: 2 })],
    ["window", next(IP4, { window: 502 })],
    ["TCP options", next(IP4, { options: Uint8Array.of(1, 1, 1, 1) })],
    ["port", next(IP4, { from: 5001 })],
    ["FIN", next(IP4, { flags: ACK | FIN })],
    ["SYN", next(IP4, { flags: ACK | SYN })],
    ["RST", next(IP4, { flags: ACK | RST })],
    ["CWR", next(IP4, { flags: ACK | CWR })],
    ["ECE", next(IP4, { flags: ACK | ECE })],
    ["URG", next(IP4, { flags: ACK | URG })],
    ["urgent pointer", next(IP4, { urgent: 5 })],
    ["no ACK", next(IP4, { flags: 0 })],
    ["a tag", tcpFrame({ ...link, tci: 1 }, IP4, { from: 5000, to: 80, sequence: 1000 + MSS }, stream.subarray(MSS, 2 * MSS))],
    ["no payload", tcpTo(A, C, new Uint8Array(0), 1000 + MSS, { ...IP4, id: 101 })],
    ["a wrong checksum", next(IP4, { sum: "wrong" })],
    ["a partial checksum", next(IP4, { sum: "partial" })],
  ])("another %s parts them", (what, frame) => {
    harness.network(BLUE, { vni: 42, flags: 17 });
    expect(counts([first, frame]), what).toEqual([1, 1]);
    expect(counts([first, second])).toEqual([2]);
    harness.network(BLUE, { vni: 42 });
  });

  test.each([
    ["hop limit", { ...IP6, ttl: 3 }],
    ["traffic class", { ...IP6, tos: 4 }],
    ["flow label", { ...IP6, flowLabel: 5 }],
    ["extension header", { ...IP6, extensions: [[60, Uint8Array.of(0, 0, 1, 4, 0, 0, 0, 0)] as [number, Uint8Array]] }],
  ])("another %s parts IPv6 segments", (_, header) => {
    expect(counts([tcpTo(A, C, stream.subarray(0, MSS), 1, IP6), tcpTo(A, C, stream.subarray(MSS, 2 * MSS), 1 + MSS, header)])).toEqual([
      1, 1,
    ]);
  });

  test("equal TCP options do not", () => {
    const options = Uint8Array.of(1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2);
    expect(counts(segments(5, IP4, { options }))).toEqual([5]);
    expect(counts(segments(5, IP6, { options }))).toEqual([5]);
  });

  test("what fails its checksum passes unmerged and unchanged, wherever it stands", () => {
    for (const bad of [0, 1, 3]) {
      const frames = segments(5);
      frames[bad][60] ^= 1;
      const writes = deliver(frames);
      const own = writes.filter(({ frame }) => Buffer.compare(frame, frames[bad]) === 0);
      expect(own).toHaveLength(1);
      expect(own[0].vnet.flags).toBe(0);
      counts(frames);
    }
  });

  test("a wrong IPv4 header checksum passes unmerged and unchanged", () => {
    const frames = segments(3);
    setU16(frames[1], 24, u16(frames[1], 24) ^ 1);
    expect(counts(frames)).toEqual([1, 1, 1]);
    setU16(frames[0], 24, u16(frames[0], 24) ^ 1);
    expect(counts(frames)).toEqual([1, 1, 1]);
  });

  test("padding, a false UDP length and an absent UDP checksum keep a frame alone", () => {
    const padded = [0, 1].map((i) => Buffer.concat([tcpTo(A, C, stream.subarray(i, i + 1), 1 + i), new Uint8Array(5)]));
    expect(counts(padded)).toEqual([1, 1]);
    expect(counts(datagrams(3, 100, IP4, { sum: "none" }))).toEqual([1, 1, 1]);
    const lying = datagrams(3, 100);
    for (const frame of lying) setU16(frame, 38, 60);
    expect(counts(lying)).toEqual([1, 1, 1]);
  });

  test("two streams at once, and to two ports, keep apart", () => {
    const one = segments(8);
    const two = Array.from({ length: 8 }, (_, i) => tcpTo(B, C, stream.subarray(i * 700, i * 700 + 700), 1 + i * 700, IP4, { from: 6000 }));
    const three = segments(8, IP6);
    const mixed = interleave(new Random(2), [one, two, three]);
    const perStream = counts(mixed);
    expect(perStream.reduce((sum, count) => sum + count)).toBe(24);
    expect(perStream.length).toBeLessThanOrEqual(24);
  });

  test("the same stream on two networks is two", () => {
    const frames = segments(4);
    const both = frames.flatMap((frame) => [datagram(frame), datagram(frame, 43)]);
    const { writes } = harness.ingress(both);
    expect(writes.map(({ network }) => network).sort()).toEqual(expect.arrayContaining([1, 2]));
    for (const write of writes) expect([write.network, write.port]).toEqual(write.network === 1 ? [1, 1] : [2, 3]);
    expect(writes.reduce((sum, write) => sum + (write.network === 1 ? write.frames : 0), 0)).toBe(4);
  });

  test("a flooded frame of the same flow stands where it came", () => {
    const frames = segments(4);
    const flooded = tcpTo(0x0200000000ee, C, stream.subarray(0, 10), 1);
    const { writes } = harness.ingress([frames[0], frames[1], flooded, frames[2], frames[3]].map((frame) => datagram(frame)));
    expect(writes.map(({ port, frames }) => [port, frames])).toEqual([
      [1, 2],
      [1, 1],
      [2, 1],
      [1, 2],
    ]);
  });

  test("merged frames are counted", () => {
    const before = harness.row(BLUE)[C_MERGED];
    deliver(segments(10));
    expect(harness.row(BLUE)[C_MERGED] - before).toBe(9n);
  });

  test(`200 random batches are merged as the naive twin merges them (seed ${seed})`, () => {
    const random = new Random();
    for (let i = 0; i < 200; i++) {
      const flows = Array.from({ length: random.between(1, 4) }, () => anyFlow(random));
      const frames = interleave(random, flows).slice(0, 200);
      const arrivals = frames.map((frame) => ({ port: frame[5] === A % 256 ? 1 : 2, frame }));
      // Frames of equal size may come as one datagram.
      const packed: Datagram[] = [];
      for (let at = 0; at < frames.length; ) {
        let count = 1;
        while (random.below(8) > 0 && at + count < frames.length && frames[at + count].length === frames[at].length && count < 60) count++;
        packed.push(train(frames.slice(at, at + count)));
        at += count;
      }
      const writes: Write[] = [];
      const twin = [];
      // The core merges within one call: 64 datagrams.
      for (let at = 0, seen = 0; at < packed.length; at += 64) {
        const batch = packed.slice(at, at + 64);
        const count = batch.reduce((sum, { bytes, segmentBytes }) => sum + (segmentBytes ? Math.ceil(bytes.length / segmentBytes) : 1), 0);
        writes.push(...harness.ingress(batch).writes);
        twin.push(...merge(arrivals.slice(seen, seen + count), bucketOf));
        seen += count;
      }
      expect(plainWrites(writes), `batch ${i}`).toEqual(twin.map((write) => ({ ...write, frame: digest(write.frame) })));
    }
  });

  /** A stream with mishaps. */
  function anyFlow(random: Random): Uint8Array[] {
    const header = { ...random.pick([IP4, IP6]), tos: random.pick([0, 0, 8]) };
    const to = random.pick([A, B]);
    const ports = { from: random.between(1, 4), to: 80 };
    const size = random.between(1, 300);
    const isTcp = random.oneIn(2);
    let sequence = random.u32();
    return Array.from({ length: random.between(1, 40) }, (_, i) => {
      const payload = random.bytes(random.oneIn(8) ? random.between(1, size) : size);
      const sum = random.oneIn(12) ? random.pick(["wrong", "partial"] as const) : "full";
      const ip = random.oneIn(15) ? { ...header, ttl: 7 } : { ...header, ...(header.source === IP4.source ? { id: i } : {}) };
      if (!isTcp) return udpFrame({ to, from: C }, ip, { ...ports, sum }, payload);
      const flags = ACK | (random.oneIn(6) ? PSH : 0) | (random.oneIn(20) ? FIN : 0);
      const frame = tcpFrame({ to, from: C }, ip, { ...ports, sequence, flags, sum }, payload);
      if (!random.oneIn(10)) sequence = (sequence + payload.length) % 2 ** 32;
      return frame;
    });
  }
});

test("a small frame builder gives frames of the size it says", () => {
  expect(small(A, C, 10).length).toBe(52);
});
