import { expect, test } from "vitest";
import { frameLengths, frameMax, WIRES } from "../../../bench/wires.ts";

/** A libpcap file: each packet with its length on the wire and what was captured of it. */
function pcap(packets: { length: number; captured: number }[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  const records = packets.map(({ length, captured }) => {
    const record = Buffer.alloc(16 + captured);
    record.writeUInt32LE(captured, 8);
    record.writeUInt32LE(length, 12);
    return record;
  });
  return Buffer.concat([header, ...records]);
}

test("lengths are those on the wire, not what was captured", () => {
  const packets = [
    { length: 64_424, captured: 64 },
    { length: 60, captured: 60 },
    { length: 1514, captured: 64 },
  ];
  expect(frameLengths(pcap(packets))).toEqual([64_424, 60, 1514]);
});

test("a record that was cut off, and an empty file, have no length", () => {
  expect(frameLengths(pcap([{ length: 100, captured: 64 }]).subarray(0, 24 + 8))).toEqual([]);
  expect(frameLengths(Buffer.alloc(0))).toEqual([]);
});

test("a frame is its packet and an Ethernet header", () => {
  expect(frameMax(1500)).toBe(1514);
});

test("each wire has a name of its own, and ethtool's words are on or off", () => {
  expect(new Set(WIRES.map(({ name }) => name)).size).toBe(WIRES.length);
  for (const { features } of WIRES)
    for (const [name, state] of Object.entries(features)) expect(`${name} ${state}`).toMatch(/^[a-z_-]+ (on|off)$/);
});
