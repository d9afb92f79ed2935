import { expect, test } from "vitest";
import * as abi from "../../../assembly/abi/index.ts";
import { readFlood, writeFlood } from "../../../host/core/flood.ts";
import { createMemory } from "../../../host/core/layout.ts";

const memory = createMemory({ workers: 1, fdbCapacity: 10, addressCapacity: 10, features: 0 });
const words = new Uint32Array(memory.buffer, abi.HEADER, 64);
const copyInUse = (network: number) =>
  new DataView(memory.buffer, words[abi.H_NETWORK / 4] + network * abi.NETWORK_BYTES).getUint32(abi.N_FLOOD_COPY, true);
const listAt = (network: number, copy: number) =>
  new DataView(memory.buffer, words[abi.H_FLOOD / 4] + (network * 2 + copy) * abi.FLOOD_BYTES, abi.FLOOD_BYTES);

const range = (count: number, from = 1) => Array.from({ length: count }, (_, i) => from + i);

test("the copy that readers do not use is written, then they are turned to it", () => {
  for (let round = 1; round <= 4; round++) {
    const before = copyInUse(5);
    const old = Buffer.from(new Uint8Array(memory.buffer, listAt(5, before).byteOffset, abi.FLOOD_BYTES)).toString("base64");
    writeFlood(memory, 5, { vteps: range(round), ports: range(round + 1, 10), sources: [round] });
    expect(copyInUse(5)).toBe(1 - before);
    expect(Buffer.from(new Uint8Array(memory.buffer, listAt(5, before).byteOffset, abi.FLOOD_BYTES)).toString("base64")).toBe(old);
    const list = listAt(5, 1 - before);
    expect([list.getUint32(abi.F_VTEP_COUNT, true), list.getUint32(abi.F_PORT_COUNT, true)]).toEqual([round, round + 1]);
    expect(range(round).map((_, i) => list.getUint16(abi.F_VTEPS + i * 2, true))).toEqual(range(round));
    expect(range(round + 1).map((_, i) => list.getUint16(abi.F_PORTS + i * 2, true))).toEqual(range(round + 1, 10));
  }
});

test("the longest lists fit, and every VTEP can be a source", () => {
  const vteps = range(abi.FLOOD_VTEPS_MAX - 1);
  writeFlood(memory, abi.NETWORKS_MAX - 1, { vteps, ports: range(abi.FLOOD_PORTS_MAX), sources: vteps });
  const list = listAt(abi.NETWORKS_MAX - 1, copyInUse(abi.NETWORKS_MAX - 1));
  expect(list.getUint16(abi.F_VTEPS + (vteps.length - 1) * 2, true)).toBe(vteps.length);
  expect(list.getUint16(abi.F_PORTS + (abi.FLOOD_PORTS_MAX - 1) * 2, true)).toBe(abi.FLOOD_PORTS_MAX);
  expect(list.getUint8(abi.F_SOURCES)).toBe(0b11111110);
  expect(list.getUint8(abi.F_SOURCES + abi.VTEPS_MAX / 8 - 1)).toBe(0xff);
});

test("longer lists are refused before anything is written", () => {
  const before = copyInUse(6);
  expect(() => writeFlood(memory, 6, { vteps: range(abi.FLOOD_VTEPS_MAX + 1), ports: [], sources: [] })).toThrow(/more than 4096 VTEPs/);
  expect(() => writeFlood(memory, 6, { vteps: [], ports: range(abi.FLOOD_PORTS_MAX + 1), sources: [] })).toThrow(/more than 1024 ports/);
  expect(copyInUse(6)).toBe(before);
});

test("a list is read back as it was written", () => {
  const lists = [
    { vteps: [1, 4095], ports: [7], sources: [1, 8, 4095] },
    { vteps: [], ports: [], sources: [] },
    { vteps: [3], ports: range(20), sources: range(16) },
  ];
  for (const list of lists) {
    writeFlood(memory, 7, list);
    expect(readFlood(memory, 7)).toEqual(list);
  }
  expect(readFlood(memory, 8)).toEqual({ vteps: [], ports: [], sources: [] });
});
