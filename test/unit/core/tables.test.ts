import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../../assembly/abi/index.ts";
import { Entries } from "../../../host/core/entries.ts";
import { createMemory } from "../../../host/core/layout.ts";
import { instantiate, loadCore } from "../../../host/core/module.ts";
import { addressEntries, fdbEntries } from "../../../host/core/read.ts";
import { Tables, targetBits, targetOf } from "../../../host/core/tables.ts";
import { formatIp, parseIp } from "../../../host/model/ip.ts";

let memory: WebAssembly.Memory;
let tables: Tables;
let mayRebuild: boolean;
let rebuilds: number;
const header = () => new Uint32Array(memory.buffer, abi.HEADER, 64);

beforeEach(() => {
  memory = createMemory({ workers: 1, fdbCapacity: 512, addressCapacity: 512, features: 0 });
  mayRebuild = true;
  rebuilds = 0;
  tables = new Tables(instantiate(loadCore(), memory), memory, () => {
    if (mayRebuild) rebuilds++;
    return mayRebuild;
  });
  new Entries(memory).setNetwork(1, { vni: 1, flags: 0, mtu: 1450, tos: 0, ttl: 64, ageingSeconds: 30, learnedMax: 700 });
});

const learned = (index = 1) => ({ kind: "vtep" as const, index, isStatic: false });
const fixed = (index = 1) => ({ kind: "port" as const, index, isStatic: true });
const fdb = () => [...fdbEntries(memory)].map(({ mac, target }) => [mac, target.kind, target.index, target.isStatic]);

test("a target is one number and back", () => {
  for (const kind of ["port", "vtep"] as const) {
    for (const index of [1, 4095, 65535]) {
      for (const isStatic of [true, false]) expect(targetOf(targetBits({ kind, index, isStatic }))).toEqual({ kind, index, isStatic });
    }
  }
});

describe("the FDB", () => {
  test("answers what became of a write", () => {
    expect(tables.setFdb(1, 5, learned())).toBe("added");
    expect(tables.setFdb(1, 5, learned())).toBe("same");
    expect(tables.setFdb(1, 5, learned(2))).toBe("changed");
    expect(tables.setFdb(1, 5, fixed())).toBe("changed");
    expect(tables.setFdb(1, 5, learned())).toBe("same");
    expect(fdb()).toEqual([[5, "port", 1, true]]);
    expect([tables.removeFdb(1, 5), tables.removeFdb(1, 5)]).toEqual([true, false]);
    for (let mac = 1; mac <= 700; mac++) expect(tables.setFdb(1, mac, learned())).toBe("added");
    expect(tables.setFdb(1, 701, learned())).toBe("limit");
  });

  test("tells where a MAC is, and forgets a whole network", () => {
    tables.setFdb(1, 5, fixed(3));
    tables.setFdb(1, 6, learned(4));
    tables.setFdb(2, 5, fixed(9));
    expect(tables.fdb(1, 5)).toEqual(fixed(3));
    expect(tables.fdb(1, 6)).toEqual(learned(4));
    expect([tables.fdb(1, 7), tables.fdb(3, 5)]).toEqual([undefined, undefined]);
    expect(tables.clearFdb(1)).toBe(2);
    expect([tables.fdb(1, 5), tables.fdb(2, 5)]).toEqual([undefined, fixed(9)]);
  });

  test("ages by the header's clock", () => {
    header()[abi.H_TICK / 4] = 1000;
    tables.setFdb(1, 5, learned());
    header()[abi.H_TICK / 4] = 1299;
    expect(tables.age()).toBe(0);
    header()[abi.H_TICK / 4] = 1300;
    expect(tables.age()).toBe(1);
  });

  test("forgets what is behind a port or a VTEP, learned and static", () => {
    tables.setFdb(1, 5, learned(1));
    tables.setFdb(1, 6, { ...fixed(1), kind: "vtep" });
    tables.setFdb(1, 7, fixed(1));
    expect(tables.flushFdb(1, "vtep", 1)).toBe(2);
    expect(fdb()).toEqual([[7, "port", 1, true]]);
  });

  test("is rebuilt when dead keys fill it, and only when that may be", () => {
    let mac = 1;
    while (tables.setFdb(1, mac, fixed()) === "added") mac++;
    expect(mac).toBeGreaterThan(512);
    expect(rebuilds).toBe(0); // nothing is dead: rebuilding would not help
    for (let dead = 1; dead <= 300; dead++) tables.removeFdb(1, dead);
    mayRebuild = false;
    expect(tables.setFdb(1, mac, fixed())).toBe("full");
    mayRebuild = true;
    expect(tables.setFdb(1, mac, fixed())).toBe("added");
    expect(rebuilds).toBe(1);
    expect(fdb()).toHaveLength(mac - 300);
  });
});

describe("addresses", () => {
  test("are looked up: neighbours by network, VTEPs, this host among them", () => {
    tables.setNeighbor(1, parseIp("10.0.0.1"), 0xfedcba987654);
    tables.setVtepAddress(parseIp("192.0.2.1"), 0);
    tables.setVtepAddress(parseIp("192.0.2.2"), 7);
    expect(tables.neighbor(1, parseIp("10.0.0.1"))).toBe(0xfedcba987654);
    expect([tables.neighbor(2, parseIp("10.0.0.1")), tables.neighbor(1, parseIp("192.0.2.2"))]).toEqual([undefined, undefined]);
    expect(["192.0.2.1", "192.0.2.2", "192.0.2.3"].map((ip) => tables.vtepAddress(parseIp(ip)))).toEqual([0, 7, undefined]);
    expect([tables.removeVtepAddress(parseIp("192.0.2.2")), tables.removeVtepAddress(parseIp("192.0.2.2"))]).toEqual([true, false]);
    expect(tables.vtepAddress(parseIp("192.0.2.2"))).toBeUndefined();
  });

  const all = () => [...addressEntries(memory)].map(({ space, address, value }) => [space, formatIp(address), value]).sort();

  test("are set, changed and removed, each in its network", () => {
    expect(tables.setNeighbor(1, parseIp("10.0.0.1"), 0xfedcba987654)).toBe("added");
    expect(tables.setNeighbor(1, parseIp("10.0.0.1"), 0xfedcba987654)).toBe("same");
    expect(tables.setNeighbor(1, parseIp("10.0.0.1"), 7)).toBe("changed");
    expect(tables.setNeighbor(2, parseIp("fd00::1"), 8)).toBe("added");
    expect(tables.setVtepAddress(parseIp("192.0.2.1"), 0)).toBe("added");
    expect(all()).toEqual(
      [
        [1, "10.0.0.1", 7],
        [2, "fd00::1", 8],
        [abi.SPACE_VTEP, "192.0.2.1", 0],
      ].sort(),
    );
    expect([tables.removeNeighbor(1, parseIp("10.0.0.1")), tables.removeNeighbor(1, parseIp("10.0.0.1"))]).toEqual([true, false]);
  });

  test("an address may be a part of a larger buffer", () => {
    const buffer = new Uint8Array(40);
    buffer.set(parseIp("10.9.8.7"), 5);
    tables.setNeighbor(1, buffer.subarray(5, 21), 3);
    expect(all()).toEqual([[1, "10.9.8.7", 3]]);
  });

  test("are rebuilt when dead keys fill the table", () => {
    const nth = (i: number) => parseIp(`10.1.${i >> 8}.${i & 255}`);
    let i = 0;
    while (tables.setNeighbor(1, nth(i), 1) === "added") i++;
    expect(i).toBeGreaterThanOrEqual(512);
    for (let dead = 0; dead < 300; dead++) tables.removeNeighbor(1, nth(dead));
    // A dead key's own slot is still its own; another key needs the rebuild.
    expect(tables.setNeighbor(1, nth(0), 1)).toBe("added");
    expect(rebuilds).toBe(0);
    expect(tables.setNeighbor(1, nth(i), 1)).toBe("added");
    expect(rebuilds).toBe(1);
  });
});
