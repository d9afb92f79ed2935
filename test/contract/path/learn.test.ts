import { beforeEach, describe, expect, test } from "vitest";
import { EVENT_LEARN_ADDRESS, EVENT_LEARN_PORT, EVENT_LEARN_VTEP } from "../../../assembly/abi/event.ts";
import { NETWORK_LEARNING, NETWORK_UNLISTED_SOURCES } from "../../../assembly/abi/network.ts";
import { fdbEntries } from "../../../host/core/read.ts";
import { formatIp, parseIp } from "../../../host/model/ip.ts";
import type { CoreHarness } from "../../oracle/core-harness.ts";
import { A, B, BLUE, BLUE_VNI, builds, C, D, datagram, RED, RED_VNI, small, standardWorld, superframe, VTEP2 } from "../../oracle/world.ts";

const NEW = 0x0200000000aa;

describe.each(builds)("$build: learning", ({ build }) => {
  let harness: CoreHarness;
  beforeEach(() => {
    harness = standardWorld({ build });
    harness.tick = 1000;
  });

  const told = () => harness.events().map(({ kind, network, mac, index }) => ({ kind, network, mac, index }));
  const seen = (mac: number) => [...fdbEntries(harness.memory)].find((entry) => entry.mac === mac && entry.network === BLUE)?.ageTicks;

  test("a source that is new at a port is told, with port and network", () => {
    harness.egress([{ port: 2, frame: small(C, NEW) }]);
    harness.egress([{ port: 3, frame: small(C, NEW) }]);
    expect(told()).toEqual([
      { kind: EVENT_LEARN_PORT, network: BLUE, mac: NEW, index: 2 },
      { kind: EVENT_LEARN_PORT, network: RED, mac: NEW, index: 3 },
    ]);
  });

  test("a source that is new behind a VTEP is told, with VTEP and network", () => {
    harness.ingress([datagram(small(A, NEW)), { ...datagram(small(A, NEW + 1)), source: VTEP2 }, datagram(small(A, NEW), RED_VNI)]);
    expect(told()).toEqual([
      { kind: EVENT_LEARN_VTEP, network: BLUE, mac: NEW, index: 1 },
      { kind: EVENT_LEARN_VTEP, network: BLUE, mac: NEW + 1, index: 2 },
      { kind: EVENT_LEARN_VTEP, network: RED, mac: NEW, index: 1 },
    ]);
  });

  test("a source behind an address that is no VTEP yet is told with that address", () => {
    harness.network(BLUE, { vni: BLUE_VNI, flags: NETWORK_LEARNING | NETWORK_UNLISTED_SOURCES });
    harness.ingress([
      { ...datagram(small(A, NEW)), source: "192.0.2.99" },
      { ...datagram(small(A, NEW)), source: "2001:db8::99" },
    ]);
    expect(harness.events().map(({ kind, network, mac, address }) => [kind, network, mac, formatIp(address)])).toEqual([
      [EVENT_LEARN_ADDRESS, BLUE, NEW, "192.0.2.99"],
      [EVENT_LEARN_ADDRESS, BLUE, NEW, "2001:db8::99"],
    ]);
    harness.tables.setVtepAddress(parseIp("192.0.2.99"), 9);
    harness.tick++;
    harness.ingress([{ ...datagram(small(A, NEW)), source: "192.0.2.99" }]);
    expect(told()).toEqual([{ kind: EVENT_LEARN_VTEP, network: BLUE, mac: NEW, index: 9 }]);
  });

  test("once a tick", () => {
    for (let i = 0; i < 100; i++) harness.egress([{ port: 1, frame: small(C, NEW) }]);
    expect(told()).toHaveLength(1);
    harness.tick++;
    harness.egress([{ port: 1, frame: small(C, NEW) }]);
    expect(told()).toHaveLength(1);
  });

  test("what is where the table says is told no more, and is marked as seen: static and learned, port and VTEP", () => {
    harness.fdb(BLUE, NEW, "port", 1, false);
    harness.fdb(BLUE, NEW + 1, "vtep", 1, false);
    harness.tick = 1500;
    expect(seen(NEW)).toBe(500);
    harness.egress([
      { port: 1, frame: small(C, NEW) },
      { port: 1, frame: small(C, A) },
    ]);
    harness.ingress([datagram(small(A, NEW + 1)), datagram(small(A, C))]);
    expect([NEW, NEW + 1, A, C].map(seen)).toEqual([0, 0, 0, 0]);
    expect(told()).toEqual([]);
  });

  test("a destination is not marked as seen: only sources refresh", () => {
    harness.fdb(BLUE, NEW, "port", 2, false);
    harness.tick = 1500;
    harness.egress([{ port: 1, frame: small(NEW, A) }]);
    harness.ingress([datagram(small(NEW, C))]);
    expect(seen(NEW)).toBe(500);
  });

  test("a learned address that moved is told from its new place", () => {
    harness.fdb(BLUE, NEW, "port", 1, false);
    harness.egress([{ port: 2, frame: small(C, NEW) }]);
    harness.ingress([datagram(small(A, NEW))]);
    expect(told().map(({ kind, index }) => [kind, index])).toEqual([
      [EVENT_LEARN_PORT, 2],
      [EVENT_LEARN_VTEP, 1],
    ]);
    // A learned address of a port may appear behind a VTEP: it moved there.
    expect(harness.takeFrames(BLUE)).toEqual({ received_port: 1, sent: 1, received_underlay: 1, delivered: 1 });
  });

  test("a static one never moves: the frame is dropped and nothing told", () => {
    harness.egress([{ port: 2, frame: small(C, A) }]);
    harness.egress([{ port: 2, frame: small(A, C) }]);
    expect(harness.takeFrames(BLUE)).toEqual({ received_port: 2, drop_vxlan_entry_exists: 2 });
    harness.ingress([datagram(small(A, B)), datagram(small(A, D))]);
    expect(harness.takeFrames(BLUE)).toEqual({ received_underlay: 2, drop_local_mac: 1, drop_vxlan_entry_exists: 1 });
    expect(told()).toEqual([]);
  });

  test("a network that does not learn tells nothing and forwards all the same", () => {
    harness.network(BLUE, { vni: BLUE_VNI, flags: 0 });
    expect(harness.egress([{ port: 1, frame: small(C, NEW) }]).sends).toHaveLength(1);
    expect(harness.ingress([datagram(small(A, NEW))]).writes).toHaveLength(1);
    expect(told()).toEqual([]);
  });

  test("a frame that is dropped for its source or its tag teaches nothing", () => {
    harness.egress([{ port: 1, frame: small(C, 0x010000000001) }]);
    harness.ingress([
      { ...datagram(small(A, NEW)), source: "192.0.2.99" },
      { ...datagram(small(A, NEW)), truncated: true },
    ]);
    expect(told()).toEqual([]);
  });

  test("a superframe teaches once", () => {
    harness.egress([{ port: 1, ...superframe({ to: C, from: NEW }, new Uint8Array(9000), 1000) }]);
    expect(told()).toHaveLength(1);
  });
});
