import { beforeEach, expect, test } from "vitest";
import * as abi from "../../../assembly/abi/index.ts";
import { Entries } from "../../../host/core/entries.ts";
import { createMemory, workerBlock } from "../../../host/core/layout.ts";
import { instantiate, loadCore } from "../../../host/core/module.ts";
import { addressEntries, clearCounters, fdbEntries, readCounters, readStats } from "../../../host/core/read.ts";
import { Tables } from "../../../host/core/tables.ts";
import { formatIp, parseIp } from "../../../host/model/ip.ts";

let memory: WebAssembly.Memory;
let tables: Tables;
beforeEach(() => {
  memory = createMemory({ workers: 2, fdbCapacity: 64, addressCapacity: 64, features: 0 });
  tables = new Tables(instantiate(loadCore(), memory), memory, () => true);
  const entries = new Entries(memory);
  for (const network of [1, 1023]) {
    entries.setNetwork(network, { vni: network, flags: 0, mtu: 1450, tos: 0, ttl: 64, ageingSeconds: 300, learnedMax: 99 });
  }
});

test("the FDB's entries with network, MAC, target and age", () => {
  const header = new Uint32Array(memory.buffer, abi.HEADER, 64);
  header[abi.H_TICK / 4] = 0xfffffff0;
  tables.setFdb(1023, 0xfedcba987654, { kind: "vtep", index: 4095, isStatic: false });
  header[abi.H_TICK / 4] = 5;
  tables.setFdb(1, 0x000000000001, { kind: "port", index: 1, isStatic: true });
  const found = [...fdbEntries(memory)].sort((a, b) => a.network - b.network);
  expect(found).toEqual([
    { network: 1, mac: 1, target: { kind: "port", index: 1, isStatic: true }, ageTicks: 0 },
    { network: 1023, mac: 0xfedcba987654, target: { kind: "vtep", index: 4095, isStatic: false }, ageTicks: 21 },
  ]);
  tables.removeFdb(1, 1);
  expect([...fdbEntries(memory)]).toHaveLength(1);
});

test("addresses with space and value; those that were removed are not there", () => {
  tables.setNeighbor(1, parseIp("fd00::1"), 0xfedcba987654);
  tables.setVtepAddress(parseIp("192.0.2.9"), 0);
  tables.setNeighbor(1, parseIp("10.0.0.1"), 1);
  tables.removeNeighbor(1, parseIp("10.0.0.1"));
  const found = [...addressEntries(memory)].sort((a, b) => a.space - b.space);
  expect(found.map(({ space, address, value }) => [space, formatIp(address), value])).toEqual([
    [1, "fd00::1", 0xfedcba987654],
    [abi.SPACE_VTEP, "192.0.2.9", 0],
  ]);
});

test("counters and statistics are copies of one worker's", () => {
  const row = new BigUint64Array(memory.buffer, workerBlock(memory, 1) + abi.W_COUNTERS + 7 * abi.COUNTER_ROW_BYTES, abi.COUNTERS);
  row[abi.C_SENT] = 2n ** 40n;
  new BigUint64Array(memory.buffer, workerBlock(memory, 1) + abi.W_STATS, 32)[abi.S_SENDS / 8] = 3n;
  const counters = readCounters(memory, 1, 7);
  row[abi.C_SENT] = 0n;
  expect([counters.length, counters[abi.C_SENT], readCounters(memory, 0, 7)[abi.C_SENT]]).toEqual([abi.COUNTERS, 2n ** 40n, 0n]);
  row[abi.C_SENT] = 5n;
  clearCounters(memory, 1, 6);
  expect(readCounters(memory, 1, 7)[abi.C_SENT]).toBe(5n);
  clearCounters(memory, 1, 7);
  expect(readCounters(memory, 1, 7)[abi.C_SENT]).toBe(0n);
  expect([readStats(memory, 1)[abi.S_SENDS / 8], readStats(memory, 0)[abi.S_SENDS / 8]]).toEqual([3n, 0n]);
});
