import { describe, expect, test } from "vitest";
import { parseFrame } from "../../oracle/parse.ts";
import { Probe } from "../../oracle/probe.ts";
import { Random, seed } from "../../oracle/random.ts";
import { ROUTING_TYPES, routingHeader } from "../../oracle/route.ts";
import { fillChecksums, split, transportRight } from "../../oracle/split.ts";
import { anySuperframe } from "../../oracle/traffic.ts";
import { setU16, TCP, tcpFrame, UDP, u16, udpFrame } from "../../oracle/wire.ts";

const NEEDS_CSUM = 1;
const probe = new Probe();
const link = { to: 0x020000000002, from: 0x020000000001 };
const header4 = { source: "10.0.0.1", destination: "10.0.0.2" };
const header6 = { source: "fd00::1", destination: "fd00::2" };

/** The wire frames that the core cuts a superframe into. */
function cut(frame: Uint8Array, gsoType: number, payload: number, flags = NEEDS_CSUM): Uint8Array[] {
  const at = probe.put(frame, 16);
  const vnet = at - 10;
  probe.bytes.set([flags, gsoType, 0, 0, payload & 255, payload >> 8, parseFrame(frame).l4, 0, 6, 0], vnet);
  expect(probe.call.parse(at, frame.length)).toBe(0);
  expect(probe.call.readVnet(vnet)).toBe(0);
  probe.call.beginSegments();
  const to = probe.scratch + 100_000;
  return Array.from({ length: probe.global("segments") }, (_, i) => probe.get(to, probe.call.writeSegment(to, i)));
}

function expectSame(found: Uint8Array[], expected: Uint8Array[], what: string): void {
  expect(found.length, what).toBe(expected.length);
  found.forEach((frame, i) => {
    if (Buffer.compare(frame, expected[i]) !== 0) expect.fail(`${what}: segment ${i} differs:\n${hex(frame)}\n${hex(expected[i])}`);
  });
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes.subarray(0, 120)).toString("hex");

describe("a superframe is cut as the naive twin cuts it", () => {
  test(`3000 random TCP and UDP superframes over IPv4 and IPv6 (seed ${seed})`, () => {
    const random = new Random();
    for (let i = 0; i < 3000; i++) {
      const { frame, gsoType, gsoSize } = anySuperframe(random);
      expectSame(cut(frame, gsoType, gsoSize), split(frame, gsoSize), `superframe ${i}`);
    }
  });

  test.each([1, 2, 3, 7, 44, 64])("payloads around %d full segments", (full) => {
    const mss = 1398;
    for (const bytes of [full * mss - 1, full * mss, full * mss + 1]) {
      if (bytes <= mss || bytes > 65000) continue;
      const payload = new Random(bytes).bytes(bytes);
      const four = tcpFrame(link, header4, { from: 1, to: 2, sequence: 0xfffff000, flags: 0x99, sum: "partial" }, payload);
      expectSame(cut(four, 1, mss), split(four, mss), `TCP over IPv4, ${bytes} B`);
      const six = tcpFrame(link, header6, { from: 1, to: 2, sequence: 0, flags: 0x19, sum: "partial" }, payload);
      expectSame(cut(six, 4, mss), split(six, mss), `TCP over IPv6, ${bytes} B`);
      const datagrams = udpFrame(link, header4, { from: 1, to: 2, sum: "partial" }, payload);
      expectSame(cut(datagrams, 5, mss), split(datagrams, mss), `UDP over IPv4, ${bytes} B`);
    }
  });

  test("every length of the last segment, so every alignment of what is summed", () => {
    const data = new Random(9).bytes(4000);
    for (let bytes = 1001; bytes <= 3100; bytes++) {
      const frame = tcpFrame(link, header4, { from: 80, to: 4000, sequence: bytes * 999_983, sum: "partial" }, data.subarray(0, bytes));
      expectSame(cut(frame, 1, 1000), split(frame, 1000), `${bytes} B`);
    }
  });

  test("one whose sender did not ask for a checksum gets one all the same, whatever its field holds", () => {
    const payload = new Random(4).bytes(3000);
    for (const header of [header4, header6]) {
      for (const sum of ["full", "wrong"] as const) {
        const frame = tcpFrame(link, header, { from: 1, to: 2, sequence: 3, sum }, payload);
        expectSame(cut(frame, header === header4 ? 1 : 4, 1000, 0), split(frame, 1000), `TCP, ${sum}`);
        const datagrams = udpFrame(link, header, { from: 1, to: 2, sum }, payload);
        expectSame(cut(datagrams, 5, 1000, 0), split(datagrams, 1000), `UDP, ${sum}`);
      }
    }
  });

  test("the IPv4 id counts on and wraps", () => {
    const frame = tcpFrame(link, { ...header4, id: 0xfffe }, { from: 1, to: 2, sequence: 5, sum: "partial" }, new Uint8Array(4000));
    expect(cut(frame, 1, 1000).map((segment) => u16(segment, 18))).toEqual([0xfffe, 0xffff, 0, 1]);
  });

  test("every segment of a UDP superframe whose checksum comes out as 0 says 0xffff", () => {
    const data = new Uint8Array(2000);
    const frame = udpFrame(link, header4, { from: 1, to: 2, sum: "partial" }, data);
    // Choose the payload so that the first segment's checksum is zero: add what is missing to its last word.
    const [first] = split(frame, 1000);
    setU16(data, 998, u16(first, 40));
    const zero = udpFrame(link, header4, { from: 1, to: 2, sum: "partial" }, data);
    const segments = cut(zero, 5, 1000);
    expect(u16(segments[0], 40)).toBe(0xffff);
    expect(segments.every(transportRight)).toBe(true);
  });
});

describe("a partial checksum is finished", () => {
  test(`for 2000 random TCP and UDP frames (seed ${seed})`, () => {
    const random = new Random(seed + 1);
    for (let i = 0; i < 2000; i++) {
      const header = random.pick([header4, header6]);
      const payload = random.bytes(random.below(1400));
      const isTcp = random.oneIn(2);
      const ports = { from: random.below(65536), to: random.below(65536), sum: "partial" as const };
      const frame = isTcp ? tcpFrame(link, header, { ...ports, sequence: random.u32() }, payload) : udpFrame(link, header, ports, payload);
      const start = header === header4 ? 34 : 54;
      const at = probe.put(frame, random.below(16));
      probe.call.finishChecksum(at, frame.length, start, isTcp ? 16 : 6);
      fillChecksums(frame);
      expect(probe.get(at, frame.length)).toEqual(frame);
    }
  });

  test("to 0xffff for UDP where it comes out as 0, and to 0 for others", () => {
    const bytes = new Uint8Array(64);
    bytes.fill(0xff, 40, 42); // the sum of everything from byte 20 on is 0xffff
    const at = probe.put(bytes);
    probe.call.finishChecksum(at, 64, 20, 6);
    expect([...probe.get(at + 26, 2)]).toEqual([0xff, 0xff]);
    probe.call.finishChecksum(probe.put(bytes), 64, 20, 16);
    expect([...probe.get(at + 36, 2)]).toEqual([0, 0]);
  });
});

describe("the transport checksum of a frame that came in", () => {
  const states = { full: [1, 0], partial: [0, 1], wrong: [0, 0], none: [0, 0] } as const;
  test.each(["full", "partial", "wrong", "none"] as const)("%s", (sum) => {
    const routed = ROUTING_TYPES.flatMap((type) => {
      const hops = type === 2 ? ["fd00::8"] : ["fd00::7", "fd00::8"];
      return [0, hops.length].map((left) => ({ ...header6, extensions: [routingHeader(type, hops, left)] }));
    });
    for (const header of [header4, header6, ...routed]) {
      for (const protocol of [TCP, UDP]) {
        if (protocol === TCP && sum === "none") continue;
        const payload = new Random(3).bytes(333);
        const frame =
          protocol === TCP
            ? tcpFrame(link, header, { from: 7, to: 9, sequence: 3, sum }, payload)
            : udpFrame(link, header, { from: 7, to: 9, sum }, payload);
        expect(probe.call.parse(probe.put(frame), frame.length)).toBe(0);
        expect([probe.call.transportVerified(), probe.call.transportLeftPartial()]).toEqual([...states[sum]]);
      }
    }
  });
});
