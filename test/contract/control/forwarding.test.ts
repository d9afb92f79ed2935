// What is forwarded comes and goes: tables, flood lists, indices, counters and drift, with real workers on loopback. Ports with interfaces are in
// test/netns/control/forwarding.test.ts; here they are descriptors that are attached.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../../assembly/abi/index.ts";
import { readActual } from "../../../host/control/actual.ts";
import { Learning } from "../../../host/control/learning.ts";
import { PathMtus } from "../../../host/control/path-mtu.ts";
import type { Lookup } from "../../../host/control/plan.ts";
import { View } from "../../../host/control/view.ts";
import { readFlood } from "../../../host/core/flood.ts";
import { workerBlock } from "../../../host/core/layout.ts";
import { fdbEntries } from "../../../host/core/read.ts";
import type { Desired, Dirty } from "../../../host/model/forwarding.ts";
import { parseIp } from "../../../host/model/ip.ts";
import { parseMac } from "../../../host/model/mac.ts";
import { EventFd } from "../../../host/sys/eventfd.ts";
import { BROADCAST, ethernet, TYPE_EXPERIMENT, vxlan } from "../../../lab/traffic/frames.ts";
import { eventually } from "../../../lab/wait.ts";
import fc from "../../oracle/property.ts";
import { LoopbackPlane, OWN } from "./plane.ts";
import { type Content, differences, mac, network, wanted } from "./wanted.ts";

const [FIRST, SECOND, THIRD] = ["127.0.0.2", "127.0.0.3", "127.0.0.4"];
describe("forwarding", () => {
  let open: LoopbackPlane;
  let view: View;
  beforeEach(() => {
    open = LoopbackPlane.bare([], { fdbCapacity: 1024 });
    view = new View(open.config, open.plane, open.forwarding);
  });
  afterEach(async () => {
    expect(open.failures).toEqual([]);
    await open.close();
  });

  const apply = async (desired: Desired, dirty: Dirty = "all") => open.forwarding.apply(desired, dirty);
  const done = async (desired: Desired, dirty: Dirty = "all") => expect((await apply(desired, dirty)).failures).toEqual([]);
  const reconcile = async (desired: Desired) => open.forwarding.reconcile(desired);
  const indexOf = (name: string) => open.forwarding.networks.get(name).index;
  const addresses = () => open.forwarding.vteps.all.map(({ address }) => address).sort();
  const contents = ({ keys, get }: Lookup) => new Map([...keys()].map((key) => [key, get(key)]));
  /** Everything as text: what the tables say, whatever the indices. */
  const tables = () => {
    const { plane, forwarding } = open;
    const { actual } = readActual({ plane, networks: forwarding.networks, vteps: forwarding.vteps, ports: forwarding.ports });
    const address = (index: number) => forwarding.vteps.at(index)?.address;
    const rows = [...actual].map(([name, { settings, fdb, neighbors }]) => {
      const flood = readFlood(plane.memory, indexOf(name));
      const lists = { vteps: flood.vteps.map(address).sort(), sources: flood.sources.map(address).sort(), ports: flood.ports.length };
      return [
        name,
        {
          settings,
          peers: [...forwarding.networks.get(name).peers.keys()].sort(),
          fdb: contents(fdb),
          neighbors: contents(neighbors),
          lists,
        },
      ] as const;
    });
    return new Map(rows);
  };
  const asTables = (desired: Desired) => {
    const rows = [...desired].map(([name, { settings, peers, fdb, neighbors }]) => {
      const sources = [...new Set([...peers, ...fdb.values()])].sort();
      return [
        name,
        { settings, peers: [...peers].sort(), fdb, neighbors, lists: { vteps: [...peers].sort(), sources, ports: 0 } },
      ] as const;
    });
    return new Map(rows);
  };
  const speak = (from: string, vni: number, count: number, source = mac(99)) =>
    open.send(
      from,
      Array.from({ length: count }, () => vxlan(vni, ethernet(BROADCAST, source, TYPE_EXPERIMENT))),
    );
  const received = (name: string) =>
    view
      .counters()
      .filter((row) => row.network === name)
      .reduce((sum, { values }) => sum + Number(values[abi.C_RECEIVED_UNDERLAY]), 0);

  test("follows random changes, whole or by what is dirty; then nothing is left to do, and nothing to repair", async () => {
    const content: fc.Arbitrary<Content> = fc.record({
      settings: fc.record({ mtu: fc.constantFrom(null, 1400), learning: fc.boolean() }),
      peers: fc.subarray([FIRST, SECOND, THIRD]),
      fdb: fc.dictionary(fc.constantFrom(mac(1), mac(2), mac(3), mac(4)), fc.constantFrom(FIRST, SECOND, THIRD)),
      neighbors: fc.dictionary(fc.constantFrom("10.0.0.1", "10.0.0.2", "fd00::1"), fc.constantFrom(mac(1), mac(2))),
    });
    const vnis: Record<string, number> = { blue: 42, red: 43, green: 44 };
    const contents = fc.dictionary(fc.constantFrom("blue", "red", "green"), content, { noNullPrototype: true });
    await open.start();
    let before: Desired = new Map();
    const property = fc.asyncProperty(contents, fc.boolean(), async (some, whole) => {
      const desired = wanted(some);
      for (const [name, { settings }] of desired) settings.vni = vnis[name];
      await done(desired, whole ? "all" : differences(before, desired));
      before = desired;
      expect(tables()).toEqual(asTables(desired));
      expect(addresses()).toEqual([...new Set([...desired.values()].flatMap(({ peers, fdb }) => [...peers, ...fdb.values()]))].sort());
      expect(await reconcile(desired)).toEqual({ drift: 0, applied: { actions: 0, failures: [] } });
    });
    await fc.assert(property, { numRuns: 60 });
  });

  test("gives indices out again only when no worker can use them, and a new network begins to count at 0", async () => {
    await open.start();
    const blue = { settings: { vni: 42 }, peers: [FIRST] };
    await done(wanted({ blue }));
    const index = indexOf("blue");
    await speak(FIRST, 42, 5);
    await eventually("five frames", () => received("blue") === 5);
    await done(
      wanted({ red: { settings: { vni: 43 }, peers: [FIRST] } }),
      differences(wanted({ blue }), wanted({ red: { settings: { vni: 43 } } })),
    );
    // Made before the other one was free.
    expect(indexOf("red")).not.toBe(index);
    expect([received("red"), received("")]).toEqual([0, 5]);
    await speak(FIRST, 42, 2);
    await eventually("two frames more of nobody", () => received("") === 7);
    await done(wanted({ red: { settings: { vni: 43 }, peers: [FIRST] }, green: { settings: { vni: 42 }, peers: [FIRST] } }));
    expect(indexOf("green")).toBe(index);
    expect([received("green"), received("red"), received("")]).toEqual([0, 0, 7]);
    await speak(FIRST, 42, 3);
    await eventually("three frames", () => received("green") === 3);
    await done(new Map());
    expect(view.counters().map((row) => row.network)).toEqual([""]);
    expect(received("")).toBe(10);
    const sums = view.counters()[0].values;
    const dropped = sums.slice(abi.C_DROPPED).reduce((sum, value) => sum + value, 0n);
    expect(sums[abi.C_RECEIVED_UNDERLAY] + sums[abi.C_COPIES]).toBe(dropped + sums[abi.C_DELIVERED]);
  });

  test("a network that goes takes its entries, its learned ones, and the VTEPs that nobody else names", async () => {
    const { tables: writer } = open.plane;
    const red = { settings: { vni: 43 }, peers: [SECOND], fdb: { [mac(1)]: SECOND }, neighbors: { "10.0.0.1": mac(1) } };
    const blue = {
      settings: { vni: 42, learning: true },
      peers: [FIRST, SECOND],
      fdb: { [mac(1)]: THIRD },
      neighbors: { "10.0.0.1": mac(1) },
    };
    await done(wanted({ blue, red }));
    const [index, vtep] = [indexOf("blue"), open.forwarding.vteps.place(FIRST).index];
    writer.setFdb(index, 77, { kind: "vtep", index: vtep, isStatic: false });
    await done(wanted({ red }));
    expect([...fdbEntries(open.plane.memory)].map((entry) => entry.network)).toEqual([indexOf("red")]);
    expect([writer.neighbor(index, parseIp("10.0.0.1")), writer.vtepAddress(parseIp(FIRST))]).toEqual([undefined, undefined]);
    expect(addresses()).toEqual([SECOND]);
    expect(open.plane.entries.networkOfVni(42)).toBe(0);
    expect(open.plane.entries.vtep(vtep)[abi.V_FAMILY / 4]).toBe(0);
  });

  test("a VTEP that nobody names any more takes the addresses that were learned behind it", async () => {
    const { tables: writer } = open.plane;
    const blue = (peers: string[]) => wanted({ blue: { settings: { learning: true }, peers } });
    await done(blue([FIRST, SECOND]));
    for (const [address, at] of [
      [FIRST, 71],
      [SECOND, 72],
    ] as const) {
      writer.setFdb(indexOf("blue"), at, { kind: "vtep", index: open.forwarding.vteps.place(address).index, isStatic: false });
    }
    await done(blue([SECOND]));
    expect([writer.fdb(indexOf("blue"), 71), writer.fdb(indexOf("blue"), 72)?.isStatic]).toEqual([undefined, false]);
    expect(await reconcile(blue([SECOND]))).toMatchObject({ drift: 0, applied: { actions: 0 } });
  });

  test("finds and repairs what somebody else did to the tables; learned entries are no drift", async () => {
    await open.start();
    const { plane, forwarding } = open;
    const content = { peers: [FIRST, SECOND], fdb: { [mac(1)]: FIRST, [mac(2)]: THIRD }, neighbors: { "10.0.0.1": mac(1) } };
    const desired = wanted({ blue: { ...content, settings: { learning: true } }, red: { settings: { vni: 43 } } });
    await done(desired);
    const index = indexOf("blue");
    const vtep = (address: string) => forwarding.vteps.place(address).index;
    const damage: Record<string, () => void> = {
      "an entry removed": () => plane.tables.removeFdb(index, parseMac(mac(1))),
      "an entry moved": () => plane.tables.setFdb(index, parseMac(mac(1)), { kind: "vtep", index: vtep(SECOND), isStatic: true }),
      "an entry too many": () => plane.tables.setFdb(index, 99, { kind: "vtep", index: vtep(SECOND), isStatic: true }),
      "an entry of no network": () => plane.tables.setFdb(900, 99, { kind: "vtep", index: vtep(SECOND), isStatic: true }),
      "an entry that leads to no VTEP": () => plane.tables.setFdb(index, 99, { kind: "vtep", index: 4000, isStatic: true }),
      "a neighbour removed": () => plane.tables.removeNeighbor(index, parseIp("10.0.0.1")),
      "a neighbour with another MAC": () => plane.tables.setNeighbor(index, parseIp("10.0.0.1"), 5),
      "a neighbour of no network": () => plane.tables.setNeighbor(901, parseIp("10.0.0.1"), 5),
      "a network's row": () => plane.entries.network(index).fill(7, abi.N_MTU / 4, abi.N_MTU / 4 + 1),
      "a VNI that leads nowhere": () => plane.entries.unmapNetwork(index),
      "a VTEP's row": () => plane.entries.clearVtep(vtep(FIRST)),
      "a VTEP's address": () => plane.tables.removeVtepAddress(parseIp(FIRST)),
      "an address of no VTEP": () => plane.tables.setVtepAddress(parseIp("127.0.9.9"), 3000),
      "this host's address": () => plane.tables.removeVtepAddress(parseIp(OWN)),
    };
    for (const [what, harm] of Object.entries(damage)) {
      harm();
      const { drift, applied } = await reconcile(desired);
      expect([drift, applied.failures], what).toEqual([1, []]);
      expect(await reconcile(desired), what).toEqual({ drift: 0, applied: { actions: 0, failures: [] } });
      expect(tables(), what).toEqual(asTables(desired));
    }
    await plane.setFlood(index, { vteps: [vtep(FIRST)], ports: [9], sources: [] });
    expect((await reconcile(desired)).drift).toBe(1);
    expect(tables()).toEqual(asTables(desired));
    plane.tables.setFdb(index, 88, { kind: "vtep", index: vtep(SECOND), isStatic: false });
    expect(await reconcile(desired)).toEqual({ drift: 0, applied: { actions: 0, failures: [] } });
    expect(plane.tables.fdb(index, 88)).toMatchObject({ isStatic: false });
    const { drift, corrections, reconciles } = view.control();
    expect([drift, corrections]).toEqual([0, Object.keys(damage).length + 1]);
    expect(reconciles.counts.reduce((sum, count) => sum + count)).toBe(2 * Object.keys(damage).length + 2);
    // The entries that were counted are: the VTEPs go with the last that names them.
    await done(wanted({ red: { settings: { vni: 43 } } }));
    expect(addresses()).toEqual([]);
  });

  test("what the caller knows to have changed is no drift, nor what is waiting to be applied", async () => {
    const desired = wanted({ blue: { fdb: { [mac(1)]: FIRST } } });
    await done(desired);
    const change = (key: string) => {
      desired.get("blue")?.fdb.set(key, SECOND);
      return new Map([["blue", { frame: false, macs: new Set([key]), ips: new Set<string>() }]]);
    };
    const dirty = change(mac(2));
    expect(await open.forwarding.reconcile(desired, () => dirty)).toEqual({ drift: 0, applied: { actions: 1, failures: [] } });
    const reconciled = reconcile(desired);
    const applied = open.forwarding.apply(desired, change(mac(3)));
    expect((await reconciled).drift).toBe(0);
    expect((await applied).actions).toBe(0);
    change(mac(4));
    expect((await reconcile(desired)).drift).toBe(1);
    expect(tables()).toEqual(asTables(desired));
  });

  test("one bad entry is told with its place, and stops no other; it is tried again, and is no drift", async () => {
    const bad = {
      peers: [OWN, "fd00::1", FIRST],
      fdb: { "no mac": FIRST, [mac(1)]: OWN, [mac(2)]: FIRST },
      neighbors: { "no ip": mac(1), "10.0.0.1": mac(1) },
    };
    const desired = wanted({ blue: bad, red: { settings: { vni: 42 } } });
    const { failures } = await apply(desired);
    const places = failures.map((line) => line.split(":")[0]);
    expect(places.sort()).toEqual(
      [
        "network blue, fdb 02",
        "network blue, fdb no mac",
        "network blue, neighbor no ip",
        "network blue, peers",
        "network blue, peers",
        "network red",
      ].sort(),
    );
    expect(failures.join("\n")).toMatch(/network blue, peers: VTEP 127\.0\.0\.1 is this host's own/);
    expect(failures.join("\n")).toMatch(/network red: VNI 42 is network blue's/);
    expect(tables().get("blue")).toMatchObject({
      peers: [FIRST],
      fdb: new Map([[mac(2), FIRST]]),
      neighbors: new Map([["10.0.0.1", mac(1)]]),
    });
    expect(view.control().failures).toBe(5);
    const again = await reconcile(desired);
    expect([again.drift, again.applied.failures.length]).toEqual([0, 6]);
    const right = wanted({
      blue: { peers: [FIRST], fdb: { [mac(2)]: FIRST }, neighbors: { "10.0.0.1": mac(1) } },
      red: { settings: { vni: 43 } },
    });
    await done(right);
    expect(view.control().failures).toBe(0);
    expect(tables()).toEqual(asTables(right));
  });

  test("what finds no room is told, a hundred lines at most, and had when there is room", async () => {
    const many = (count: number) => wanted({ blue: { fdb: Object.fromEntries(Array.from({ length: count }, (_, i) => [mac(i), FIRST])) } });
    const { failures } = await apply(many(3000));
    expect(failures).toHaveLength(101);
    expect(failures[0]).toMatch(/network blue, fdb 02:.*: no room in the table: raise fdbCapacity/);
    expect(failures[100]).toMatch(/^and \d+ more$/);
    expect((await reconcile(many(3000))).drift).toBe(0);
    const fewer = many(1000);
    await apply(fewer);
    expect((await reconcile(fewer)).applied.failures).toEqual([]);
    expect(tables()).toEqual(asTables(fewer));
    await done(many(0));
    for (let round = 0; round < 10; round++) {
      const others = wanted({ blue: { fdb: Object.fromEntries(Array.from({ length: 900 }, (_, i) => [mac(10_000 * round + i), FIRST])) } });
      await done(others);
      expect(tables()).toEqual(asTables(others));
    }
  });

  test("networks past the last index are told", async () => {
    const settings = (i: number) => ({ settings: { vni: 5000 + i } });
    const all = (count: number, from = 0) =>
      wanted(Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${from + i}`, settings(from + i)])));
    const { failures } = await apply(all(abi.NETWORKS_MAX));
    expect(failures).toEqual([`network n${abi.NETWORKS_MAX - 1}: no room in the table: at most 1023 fit`]);
    // Those that go make room when a grace period is over.
    await apply(all(500, 1000));
    expect((await reconcile(all(500, 1000))).applied.failures).toEqual([]);
    expect(open.forwarding.networks.all).toHaveLength(500);
  });

  test("suspends VTEPs, those that come later too, and no others", async () => {
    const suspended = () =>
      Object.fromEntries(
        open.forwarding.vteps.all.map(({ address, index }) => [address, open.plane.entries.vtep(index)[abi.V_SUSPENDED / 4]]),
      );
    await done(wanted({ blue: { peers: [FIRST, SECOND] } }));
    open.forwarding.suspend(new Set([SECOND, THIRD]));
    await done(wanted({ blue: { peers: [FIRST, SECOND, THIRD] } }));
    expect(suspended()).toEqual({ [FIRST]: 0, [SECOND]: 1, [THIRD]: 1 });
    open.forwarding.suspend(new Set([FIRST]));
    expect(suspended()).toEqual({ [FIRST]: 1, [SECOND]: 0, [THIRD]: 0 });
    expect((await reconcile(wanted({ blue: { peers: [FIRST, SECOND, THIRD] } }))).drift).toBe(0);
  });

  test("attaches a descriptor as a port, and lets it go once no worker uses it", async () => {
    await open.start();
    await done(wanted({ blue: { peers: [FIRST] } }));
    const descriptor = new EventFd();
    try {
      await expect(open.forwarding.attachFd("red", { fd: descriptor.fd, mac: mac(7) })).rejects.toThrow(/no such network/);
      const { detach } = await open.forwarding.attachFd("blue", { fd: descriptor.fd, mac: mac(7) });
      const row = open.plane.entries.port(1);
      expect([row[abi.P_STATE / 4], open.plane.entries.descriptors[1], row[abi.P_NETWORK / 4]]).toEqual([
        abi.PORT_UP,
        descriptor.fd,
        indexOf("blue"),
      ]);
      expect(open.plane.tables.fdb(indexOf("blue"), parseMac(mac(7)))).toEqual({ kind: "port", index: 1, isStatic: true });
      expect(readFlood(open.plane.memory, indexOf("blue")).ports).toEqual([1]);
      expect(view.fdb()).toMatchObject([{ mac: mac(7), port: "probe" }]);
      await expect(open.forwarding.attachFd("blue", { fd: descriptor.fd, mac: mac(7) })).rejects.toThrow(/same MAC address/);
      expect((await reconcile(wanted({ blue: { peers: [FIRST] } }))).drift).toBe(0);
      open.plane.tables.removeFdb(indexOf("blue"), parseMac(mac(7)));
      expect((await reconcile(wanted({ blue: { peers: [FIRST] } }))).drift).toBe(1);
      expect(view.ports()).toEqual([]);
      await detach();
      await detach();
      expect([row[abi.P_STATE / 4], open.plane.tables.fdb(indexOf("blue"), parseMac(mac(7)))]).toEqual([abi.PORT_FREE, undefined]);
      expect(readFlood(open.plane.memory, indexOf("blue")).ports).toEqual([]);
      const { detach: late } = await open.forwarding.attachFd("blue", { fd: descriptor.fd, mac: mac(7) });
      await done(new Map());
      expect(row[abi.P_STATE / 4]).toBe(abi.PORT_FREE);
      await late();
    } finally {
      descriptor.close();
    }
  });

  test("what workers told of an index before it was given out again is forgotten", async () => {
    await open.start();
    const { plane, forwarding, config } = open;
    const pathMtus = new PathMtus({ plane, vteps: forwarding.vteps, own: OWN, dataPort: config.node.dataPort, onPathMtu: () => {} });
    // Never started: events are taken when indices are freed, and at no other time.
    new Learning({ plane, forwarding, pathMtus });
    await done(wanted({ blue: { settings: { learning: true }, peers: [FIRST] } }));
    const index = indexOf("blue");
    await speak(FIRST, 42, 1);
    await eventually("the frame", () => received("blue") === 1);
    await done(new Map());
    await done(wanted({ red: { settings: { learning: true, vni: 43 }, peers: [FIRST] } }));
    expect(indexOf("red")).toBe(index);
    const block = new Int32Array(plane.memory.buffer, workerBlock(plane.memory, 0));
    expect(block[abi.W_EVENT_HEAD / 4]).toBe(1);
    expect(block[abi.W_EVENT_TAIL / 4]).toBe(1);
    expect([...fdbEntries(plane.memory)]).toEqual([]);
  });

  test("cold, 100,000 entries of each kind, and one more at a time, without work for the others", async () => {
    await open.close();
    open = LoopbackPlane.bare([], { fdbCapacity: 131_072 });
    view = new View(open.config, open.plane, open.forwarding);
    await open.start();
    const fdb = new Map(Array.from({ length: 100_000 }, (_, i) => [mac(i), `127.0.${1 + (i % 250)}.9`]));
    const neighbors = new Map(Array.from({ length: 100_000 }, (_, i) => [`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, mac(i)]));
    const desired: Desired = new Map([["blue", { ...network("blue", {}), fdb, neighbors }]]);
    await done(desired);
    expect(view.fdbSizes()).toMatchObject([{ configured: 100_000 }]);
    expect(await reconcile(desired)).toEqual({ drift: 0, applied: { actions: 0, failures: [] } });
    const used = process.cpuUsage();
    for (let i = 0; i < 200; i++) {
      fdb.set(mac(i), "127.0.1.9");
      await done(desired, new Map([["blue", { frame: false, macs: new Set([mac(i)]), ips: new Set<string>() }]]));
    }
    const { user, system } = process.cpuUsage(used);
    // A look at the whole for each of them would take ten seconds and more.
    expect((user + system) / 1000).toBeLessThan(2000);
    await done(new Map());
    expect(view.fdb()).toEqual([]);
  });
});
