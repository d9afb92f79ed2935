import { describe, expect, test } from "vitest";
import { SUPERFRAME_SEGMENTS_MAX } from "../../../assembly/abi/limits.ts";
import { DROP_DEV_HDR, DROP_NONE, DROP_SKB_GSO_SEG } from "../../../assembly/abi/reason.ts";
import { parseFrame } from "../../oracle/parse.ts";
import { Probe } from "../../oracle/probe.ts";
import { Random, seed } from "../../oracle/random.ts";
import { headerBytes, split } from "../../oracle/split.ts";
import { anySuperframe } from "../../oracle/traffic.ts";
import type { Vnet } from "../../oracle/vnet.ts";
import { arpFrame, ethernet, ip, tcpFrame, udpFrame } from "../../oracle/wire.ts";

const probe = new Probe();
const link = { to: 2, from: 1 };
const four = { source: "10.0.0.1", destination: "10.0.0.2" };
const six = { source: "fd00::1", destination: "fd00::2" };
const payload = new Uint8Array(5000);
const tcp4 = tcpFrame(link, four, { from: 1, to: 2, sequence: 3, sum: "partial" }, payload);
const tcp6 = tcpFrame(link, six, { from: 1, to: 2, sequence: 3, sum: "partial" }, payload);
const udp4 = udpFrame(link, four, { from: 1, to: 2, sum: "partial" }, payload);
const udp6 = udpFrame(link, six, { from: 1, to: 2, sum: "partial" }, payload);

function read(frame: Uint8Array, { flags = 0, gsoType = 0, hdrLen = 0, gsoSize = 0, csumStart = 0, csumOffset = 0 }: Partial<Vnet>) {
  const at = probe.put(frame, 32);
  const vnet = at - 10;
  probe.view.setUint8(vnet, flags);
  probe.view.setUint8(vnet + 1, gsoType);
  [hdrLen, gsoSize, csumStart, csumOffset].forEach((value, i) => {
    probe.view.setUint16(vnet + 2 + i * 2, value, true);
  });
  expect(probe.call.parse(at, frame.length)).toBe(0);
  const reason = probe.call.readVnet(vnet);
  const names = ["segments", "wireBytes", "segmentPayload", "headerBytes", "partial", "csumStart", "csumOffset"];
  return { reason, ...Object.fromEntries(names.map((name) => [name, probe.global(name)])) };
}

describe("a virtio-net header", () => {
  test("that says nothing makes one wire frame", () => {
    for (const frame of [tcp4, arpFrame(link, { operation: 1, senderMac: 1, senderIp: "10.0.0.1", targetIp: "10.0.0.2" })]) {
      expect(read(frame, {})).toMatchObject({ reason: DROP_NONE, segments: 1, wireBytes: frame.length, partial: 0 });
      // DATA_VALID, and the hint hdr_len.
      expect(read(frame, { flags: 2, hdrLen: 54 })).toMatchObject({ reason: DROP_NONE, segments: 1, partial: 0 });
    }
  });

  test.each([
    ["TSO4", tcp4, 1, 54, 16],
    ["TSO4 with ECN", tcp4, 0x81, 54, 16],
    ["TSO6", tcp6, 4, 74, 16],
    ["USO over IPv4", udp4, 5, 42, 6],
    ["USO over IPv6", udp6, 5, 62, 6],
  ])("of a superframe: %s", (_, frame, gsoType, header, csumOffset) => {
    const csumStart = frame === tcp4 || frame === udp4 ? 34 : 54;
    for (const hdrLen of [0, 10, header, 4000]) {
      expect(read(frame, { flags: 1, gsoType, gsoSize: 1000, hdrLen, csumStart, csumOffset })).toEqual({
        reason: DROP_NONE,
        segments: 5,
        wireBytes: 5000 + 5 * header,
        segmentPayload: 1000,
        headerBytes: header,
        partial: 1,
        csumStart,
        csumOffset,
      });
    }
  });

  test("of a superframe that fits one segment makes one wire frame", () => {
    for (const gsoSize of [5000, 5001, 65535]) {
      expect(read(tcp4, { flags: 1, gsoType: 1, gsoSize, csumStart: 34, csumOffset: 16 })).toMatchObject({
        segments: 1,
        wireBytes: tcp4.length,
        segmentPayload: 0,
        partial: 1,
      });
    }
  });

  test.each([
    ["a type of another protocol", tcp4, 4],
    ["another", tcp4, 5],
    ["another", tcp6, 1],
    ["another", udp4, 1],
    ["another", udp6, 4],
    ["UFO, which was not offered", udp4, 3],
    ["a type that does not exist", tcp4, 2],
    ["a type that does not exist", tcp4, 0x7f],
    ["TSO of a fragment", ethernet(link, 0x0800, ip({ ...four, fragment: 0x2000 }, 6, payload)), 1],
    ["TSO of what has no ports", ethernet(link, 0x0800, ip(four, 1, payload)), 1],
    ["TSO of ARP", arpFrame(link, { operation: 1, senderMac: 1, senderIp: "10.0.0.1", targetIp: "10.0.0.2" }), 1],
  ])("that lies is dev_hdr: %s", (_, frame, gsoType) => {
    expect(read(frame, { gsoType, gsoSize: 1000 }).reason).toBe(DROP_DEV_HDR);
    expect(read(frame, { flags: 1, gsoType, gsoSize: 1000, csumStart: 34, csumOffset: 6 }).reason).toBe(DROP_DEV_HDR);
  });

  test("without a segment size, or with a checksum outside the packet, is dev_hdr", () => {
    expect(read(tcp4, { flags: 1, gsoType: 1, gsoSize: 0, csumStart: 34, csumOffset: 16 }).reason).toBe(DROP_DEV_HDR);
    const reasons = (csumStart: number, csumOffset: number) => read(udp4, { flags: 1, csumStart, csumOffset }).reason;
    expect([reasons(14, 0), reasons(34, 6), reasons(udp4.length - 2, 0), reasons(34, udp4.length - 36)]).toEqual(Array(4).fill(DROP_NONE));
    expect([reasons(udp4.length - 1, 0), reasons(34, udp4.length - 35), reasons(65535, 65535), reasons(34, 65535)]).toEqual(
      Array(4).fill(DROP_DEV_HDR),
    );
    // In front of the network header it would rewrite MACs that were checked.
    expect([reasons(0, 0), reasons(0, 6), reasons(13, 0)]).toEqual(Array(3).fill(DROP_DEV_HDR));
  });

  test(`that claims more than ${SUPERFRAME_SEGMENTS_MAX} segments is skb_gso_seg`, () => {
    const long = tcpFrame(link, four, { from: 1, to: 2, sequence: 3, sum: "partial" }, new Uint8Array(SUPERFRAME_SEGMENTS_MAX * 3 + 1));
    expect(read(long, { flags: 1, gsoType: 1, gsoSize: 4, csumStart: 34, csumOffset: 16 }).reason).toBe(DROP_NONE);
    expect(read(long, { flags: 1, gsoType: 1, gsoSize: 3, csumStart: 34, csumOffset: 16 })).toMatchObject({
      reason: DROP_SKB_GSO_SEG,
      segments: SUPERFRAME_SEGMENTS_MAX + 1,
    });
  });

  test(`counts what the naive twin cuts (seed ${seed})`, () => {
    const random = new Random();
    for (let i = 0; i < 1000; i++) {
      const { frame, gsoType, gsoSize } = anySuperframe(random);
      const frames = split(frame, gsoSize);
      expect(read(frame, { flags: 1, gsoType, gsoSize, csumStart: parseFrame(frame).l4, csumOffset: 6 })).toMatchObject({
        reason: DROP_NONE,
        segments: frames.length,
        wireBytes: frames.reduce((bytes, one) => bytes + one.length, 0),
        headerBytes: headerBytes(frame, parseFrame(frame)),
      });
      expect(probe.call.gsoType()).toBe(gsoType);
    }
  });
});
