import { describe, expect, test } from "vitest";
import { UdpMessages } from "../../../host/sys/udp-messages.ts";
import { memoryAt } from "./bytes.ts";
import { Stage } from "./stage.ts";

/** The control messages of message i as [level, type, value]. */
function control(messages: UdpMessages, i: number): [number, number, number][] {
  const message = new DataView(memoryAt(messages.base + i * 64, 64));
  const length = Number(message.getBigUint64(40, true));
  const bytes = new DataView(length === 0 ? new ArrayBuffer(0) : memoryAt(Number(message.getBigUint64(32, true)), length));
  const list: [number, number, number][] = [];
  for (let at = 0; at < length; ) {
    const size = Number(bytes.getBigUint64(at, true));
    const value = size === 18 ? bytes.getUint16(at + 16, true) : bytes.getInt32(at + 16, true);
    list.push([bytes.getInt32(at + 8, true), bytes.getInt32(at + 12, true), value]);
    at += (size + 7) & ~7;
  }
  return list;
}

const { region } = new Stage();

describe.each([
  [4, { ttl: [0, 2], tos: [0, 1] }],
  [6, { ttl: [41, 52], tos: [41, 67] }],
] as const)("IPv%i", (family, kinds) => {
  const messages = new UdpMessages(region, 2, family);
  const ttl = (value: number) => [...kinds.ttl, value];
  const tos = (value: number) => [...kinds.tos, value];
  const segment = (value: number) => [17, 103, value];

  test.each([
    ["nothing", 0, 64, 0, []],
    ["TTL", 0, 9, 0, [ttl(9)]],
    ["TOS", 8, 64, 0, [tos(8)]],
    ["UDP_SEGMENT", 0, 64, 1450, [segment(1450)]],
    ["TTL and TOS", 8, 9, 0, [ttl(9), tos(8)]],
    ["TOS and UDP_SEGMENT", 8, 64, 1450, [tos(8), segment(1450)]],
    ["TTL and UDP_SEGMENT, TOS between", 0, 9, 1450, [ttl(9), tos(0), segment(1450)]],
    ["all", 255, 255, 65_535, [ttl(255), tos(255), segment(65_535)]],
  ])("carries %s", (_, tosByte, ttlByte, segmentBytes, expected) => {
    for (const i of [0, 1]) {
      messages.set(i, 4096, 100, 0, 0, tosByte, ttlByte, segmentBytes);
      expect(control(messages, i)).toEqual(expected);
    }
  });

  test("points at the core's bytes and at the address", () => {
    messages.set(1, 4096, 100, 0x12345678, 0x7f, 0, 64, 0);
    const message = new DataView(memoryAt(messages.base + 64, 64));
    expect(message.getBigUint64(0, true)).toBe(0x7f12345678n);
    expect(message.getUint32(8, true)).toBe(family === 4 ? 16 : 28);
    expect(message.getBigUint64(24, true)).toBe(1n);
    const iov = new DataView(memoryAt(Number(message.getBigUint64(16, true)), 16));
    expect(iov.getBigUint64(0, true)).toBe(BigInt(region.base) + 4096n);
    expect(iov.getBigUint64(8, true)).toBe(100n);
  });
});
