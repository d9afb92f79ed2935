import { beforeEach, expect, test } from "vitest";
import * as abi from "../../../assembly/abi/index.ts";
import { Entries } from "../../../host/core/entries.ts";
import { readFlood, writeFlood } from "../../../host/core/flood.ts";
import { createMemory } from "../../../host/core/layout.ts";
import { parseIp } from "../../../host/model/ip.ts";

let memory: WebAssembly.Memory;
let entries: Entries;
beforeEach(() => {
  memory = createMemory({ workers: 1, fdbCapacity: 10, addressCapacity: 10, features: 0 });
  entries = new Entries(memory);
});

const region = (header: number) => new Uint32Array(memory.buffer, abi.HEADER)[header / 4];

test("a network is written whole and its VNI leads to it", () => {
  entries.setNetwork(1023, { vni: 0xffffff, flags: abi.NETWORK_LEARNING, mtu: 1450, tos: -1, ttl: -1, ageingSeconds: 300, learnedMax: 77 });
  const view = new DataView(memory.buffer, region(abi.H_NETWORK) + 1023 * abi.NETWORK_BYTES);
  expect(view.getUint32(abi.N_VNI, true)).toBe(0xffffff);
  expect(view.getUint32(abi.N_FLAGS, true)).toBe(abi.NETWORK_LEARNING | abi.NETWORK_LIVE);
  expect([view.getInt32(abi.N_TOS, true), view.getInt32(abi.N_TTL, true)]).toEqual([-1, -1]);
  expect([view.getUint32(abi.N_MTU, true), view.getUint32(abi.N_AGEING, true), view.getUint32(abi.N_LEARNED_MAX, true)]).toEqual([
    1450, 3000, 77,
  ]);
  expect(new Uint16Array(memory.buffer, region(abi.H_VNI), abi.VNI_MAX + 1)[0xffffff]).toBe(1023);
});

test("a network's VNI leads nowhere once it is unmapped, and its row is gone once it is cleared; another's VNI stays", () => {
  const entry = { vni: 77, flags: 0, mtu: 1450, tos: 0, ttl: 64, ageingSeconds: 1, learnedMax: 1 };
  entries.setNetwork(3, entry);
  entries.setNetwork(4, { ...entry, vni: 78 });
  expect([77, 78, 79].map((vni) => entries.networkOfVni(vni))).toEqual([3, 4, 0]);
  entries.unmapNetwork(3);
  expect([entries.networkOfVni(77), entries.network(3)[abi.N_MTU / 4]]).toEqual([0, 1450]);
  // The VNI was given to another meanwhile.
  entries.setNetwork(5, entry);
  entries.unmapNetwork(3);
  expect(entries.networkOfVni(77)).toBe(5);
  writeFlood(memory, 3, { vteps: [1], ports: [2], sources: [1] });
  entries.clearNetwork(3);
  expect([...entries.network(3)].every((word) => word === 0)).toBe(true);
  expect(readFlood(memory, 3)).toEqual({ vteps: [], ports: [], sources: [] });
  expect(entries.network(4)[abi.N_VNI / 4]).toBe(78);
});

test("a VTEP is forgotten whole", () => {
  entries.setVtep(7, { family: 4, port: 4789, mtu: 1450, address: parseIp("192.0.2.7") });
  entries.setVtepNextHop(7, new Uint8Array(14).fill(9));
  entries.clearVtep(7);
  expect([...entries.vtep(7)].every((word) => word === 0)).toBe(true);
});

test("an ageing time that is no number of ticks is rounded up", () => {
  entries.setNetwork(1, { vni: 1, flags: 0, mtu: 1450, tos: 0, ttl: 64, ageingSeconds: 0.25, learnedMax: 1 });
  expect(entries.network(1)[abi.N_AGEING / 4]).toBe(3);
});

test("a port is written whole and up, and may close", () => {
  entries.setPort(4095, { fd: 77, owner: 3, network: 9, mac: 0xfedcba987654 });
  const view = new DataView(memory.buffer, region(abi.H_PORT) + 4095 * abi.PORT_BYTES);
  expect([abi.P_STATE, abi.P_OWNER, abi.P_NETWORK].map((at) => view.getUint32(at, true))).toEqual([abi.PORT_UP, 3, 9]);
  expect(view.getBigUint64(abi.P_MAC, true)).toBe(0xfedcba987654n);
  entries.setPortState(4095, abi.PORT_CLOSING);
  expect(view.getUint32(abi.P_STATE, true)).toBe(abi.PORT_CLOSING);
});

test("a port's descriptor is where the core cannot write, from its first row until it is free", () => {
  expect(entries.descriptors.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(entries.descriptors.buffer).not.toBe(memory.buffer);
  expect(entries.descriptors[7]).toBe(-1);
  entries.setPort(7, { fd: 77, owner: 0, network: 9, mac: 1 });
  entries.setPortState(7, abi.PORT_CLOSING);
  expect(entries.descriptors[7]).toBe(77);
  entries.setPortState(7, abi.PORT_FREE);
  expect(entries.descriptors[7]).toBe(-1);
});

test("a VTEP is written whole; its MTU may change", () => {
  entries.setVtep(7, { family: 6, port: 8472, mtu: 1430, address: parseIp("2001:db8::7") });
  const view = new DataView(memory.buffer, region(abi.H_VTEP) + 7 * abi.VTEP_BYTES);
  expect([abi.V_FAMILY, abi.V_PORT, abi.V_MTU].map((at) => view.getUint32(at, true))).toEqual([6, 8472, 1430]);
  expect(new Uint8Array(memory.buffer, view.byteOffset + abi.V_ADDRESS, 16).slice()).toEqual(parseIp("2001:db8::7"));
  entries.setVtepMtu(7, 1280);
  expect(view.getUint32(abi.V_MTU, true)).toBe(1280);
});

test("a VTEP may be suspended and taken up again, before it is there too; whoever has its index next is not", () => {
  const suspended = () => entries.vtep(7)[abi.V_SUSPENDED / 4];
  const entry = { family: 4, port: 4789, mtu: 1450, address: parseIp("192.0.2.7") } as const;
  entries.setVtep(7, entry);
  expect(suspended()).toBe(0);
  entries.setVtepSuspended(7, true);
  expect(suspended()).toBe(1);
  entries.setVtepSuspended(7, false);
  expect(suspended()).toBe(0);
  entries.setVtepSuspended(7, true);
  entries.setVtep(7, entry);
  expect(suspended()).toBe(1);
  entries.clearVtep(7);
  entries.setVtep(7, entry);
  expect(suspended()).toBe(0);
});

test("neighbours in the table are left alone", () => {
  entries.setPort(5, { fd: 1, owner: 0, network: 1, mac: 1 });
  expect([...entries.port(4)].every((word) => word === 0)).toBe(true);
  expect([...entries.port(6)].every((word) => word === 0)).toBe(true);
});
