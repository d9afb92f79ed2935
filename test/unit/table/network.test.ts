import { expect, test } from "vitest";
import { H_FLOOD, HEADER } from "../../../assembly/abi/layout.ts";
import { NETWORKS_MAX, VNI_MAX, VTEPS_MAX } from "../../../assembly/abi/limits.ts";
import { FLOOD_BYTES, N_VNI } from "../../../assembly/abi/network.ts";
import { Entries } from "../../../host/core/entries.ts";
import { writeFlood } from "../../../host/core/flood.ts";
import { Probe } from "../../oracle/probe.ts";

const probe = new Probe();
const entries = new Entries(probe.memory);
const entry = { flags: 0, mtu: 1450, tos: -1, ttl: 64, ageingSeconds: 300, learnedMax: 10 };

test("a VNI leads to its network, every other to none", () => {
  entries.setNetwork(1, { ...entry, vni: 0 });
  entries.setNetwork(2, { ...entry, vni: VNI_MAX });
  entries.setNetwork(NETWORKS_MAX - 1, { ...entry, vni: 4096 });
  expect([0, VNI_MAX, 4096].map((vni) => probe.call.networkOfVni(vni))).toEqual([1, 2, NETWORKS_MAX - 1]);
  for (const vni of [1, 4095, 4097, VNI_MAX - 1, 0x800000]) expect(probe.call.networkOfVni(vni)).toBe(0);
  expect(probe.view.getUint32(probe.call.networkAt(NETWORKS_MAX - 1) + N_VNI, true)).toBe(4096);
});

test("readers see one whole flood list, the last that was written", () => {
  const base = probe.view.getUint32(HEADER + H_FLOOD, true);
  const seen = new Set<number>();
  for (let round = 1; round < 6; round++) {
    writeFlood(probe.memory, 3, { vteps: [round], ports: [], sources: [round, VTEPS_MAX - 1] });
    const list = probe.call.floodList(3);
    expect([base + 6 * FLOOD_BYTES, base + 7 * FLOOD_BYTES]).toContain(list);
    seen.add(list);
    expect(probe.view.getUint16(list + 8, true)).toBe(round);
    const sources = [0, 1, 2, 3, 4, 5, 6, VTEPS_MAX - 1].filter((vtep) => probe.call.isSource(3, vtep));
    expect(sources).toEqual([round, VTEPS_MAX - 1]);
    expect(probe.call.isSource(4, round)).toBe(0);
  }
  expect(seen.size).toBe(2);
});
