import { beforeEach, describe, expect, test } from "vitest";
import { TX_PAYLOAD_BYTES_MAX } from "../../../assembly/abi/limits.ts";
import { NETWORK_PROBES, NETWORK_VLAN_TAGS } from "../../../assembly/abi/network.ts";
import type { CoreHarness } from "../../oracle/core-harness.ts";
import { allowInjection } from "../../oracle/injection.ts";
import { ethernet, udpFrame } from "../../oracle/wire.ts";
import {
  A,
  BLUE,
  BLUE_VNI,
  BROADCAST,
  builds,
  C,
  D,
  datagram,
  IP4,
  IP6,
  RED,
  RED_VNI,
  small,
  standardWorld,
  superframe,
} from "../../oracle/world.ts";

describe.each(builds)("$build: what fits the path", ({ build }) => {
  let harness: CoreHarness;
  beforeEach(() => {
    harness = standardWorld({ build });
  });

  const sent = (frame: Uint8Array) => harness.egress([{ port: 1, frame }]).sends.length;

  test.each([IP4, IP6])("is measured without Ethernet header and tag ($source)", (header) => {
    const overhead = header === IP4 ? 28 : 48;
    harness.network(BLUE, { vni: BLUE_VNI, flags: NETWORK_VLAN_TAGS });
    for (const tag of [{}, { tci: 9 }]) {
      const frame = (bytes: number) => udpFrame({ to: C, from: A, ...tag }, header, { from: 1, to: 2 }, new Uint8Array(bytes - overhead));
      expect([sent(frame(1449)), sent(frame(1450)), sent(frame(1451))]).toEqual([1, 1, 0]);
    }
  });

  test("is measured for frames of other protocols too", () => {
    const frame = (bytes: number) => ethernet({ to: C, from: A }, 0x88b5, new Uint8Array(bytes));
    expect([sent(frame(1450)), sent(frame(1451))]).toEqual([1, 0]);
  });

  test("follows the path's MTU when that changes", () => {
    expect(sent(small(C, A, 1300))).toBe(1);
    harness.entries.setVtepMtu(1, 1000);
    expect(sent(small(C, A, 1300))).toBe(0);
  });

  test("never exceeds what one send can carry, whatever the tables say", () => {
    harness.network(BLUE, { vni: BLUE_VNI, mtu: 0x7fffffff, flags: NETWORK_VLAN_TAGS });
    harness.vtep(1, "192.0.2.2", 0x7fffffff);
    for (const tag of [{}, { tci: 9 }]) {
      for (let bytes = 65_300; bytes <= 65_450; bytes++) {
        const frame = udpFrame({ to: C, from: A, ...tag }, IP4, { from: 1, to: 2 }, new Uint8Array(bytes));
        const { sends } = harness.egress([{ port: 1, frame }]);
        expect(sends.length).toBe(bytes + 28 <= TX_PAYLOAD_BYTES_MAX - 26 ? 1 : 0);
      }
    }
  });
});

describe.each(builds)("$build: a suspended VTEP", ({ build }) => {
  let harness: CoreHarness;
  beforeEach(() => {
    harness = standardWorld({ build });
    harness.entries.setVtepSuspended(1, true);
  });

  test("gets nothing, and its peers get everything", () => {
    const { sends } = harness.egress([
      { port: 1, frame: small(C, A) },
      { port: 1, frame: small(D, A) },
    ]);
    expect(sends.map(({ vtep }) => vtep)).toEqual([2]);
    expect(harness.takeFrames(BLUE)).toEqual({ received_port: 2, sent: 1, drop_vtep_suspended: 1 });
  });

  test("costs a flood its copy and no other", () => {
    const { sends, writes } = harness.egress([{ port: 1, frame: small(BROADCAST, A) }]);
    expect([sends.map(({ vtep }) => vtep), writes.map(({ port }) => port)]).toEqual([[2], [2]]);
    expect(harness.takeFrames(BLUE)).toEqual({ received_port: 1, copies: 2, delivered: 1, sent: 1, drop_vtep_suspended: 1 });
  });

  test.each([C, BROADCAST])("drops each segment of a superframe (to %i)", (to) => {
    harness.flood(BLUE, { ports: [1], vteps: [1] });
    expect(harness.egress([{ port: 1, ...superframe({ to, from: A }, new Uint8Array(10_000), 1000) }]).sends).toEqual([]);
    expect(harness.takeFrames(BLUE)).toEqual({ received_port: 10, drop_vtep_suspended: 10 });
  });

  test("has nothing injected", () => {
    allowInjection(harness, 1, "192.0.2.1", new Uint8Array(14));
    const frames = [superframe({ to: C, from: A }, new Uint8Array(14_000), 1410), { frame: small(C, A) }];
    for (const frame of frames) expect(harness.egress([{ port: 1, ...frame }]).sends).toEqual([]);
    harness.entries.setVtepSuspended(1, false);
    for (const frame of frames) expect(harness.egress([{ port: 1, ...frame }]).sends[0].injected).toBeDefined();
    expect(harness.takeFrames(BLUE)).toEqual({ received_port: 22, sent: 11, drop_vtep_suspended: 11 });
  });

  test("tells the sender nothing, whatever the size", () => {
    const { writes } = harness.egress([{ port: 1, frame: small(C, A, 1500) }]);
    expect(writes).toEqual([]);
    expect(harness.takeFrames(BLUE)).toEqual({ received_port: 1, drop_vtep_suspended: 1 });
  });

  test("is heard", () => {
    expect(harness.ingress([datagram(small(A, C))]).writes.map(({ port }) => port)).toEqual([1]);
    expect(harness.takeFrames(BLUE)).toEqual({ received_underlay: 1, delivered: 1 });
  });

  test("gets everything again with the next frame", () => {
    harness.egress([{ port: 1, frame: small(C, A) }]);
    harness.entries.setVtepSuspended(1, false);
    expect(harness.egress([{ port: 1, frame: small(C, A) }]).sends.length).toBe(1);
    expect(harness.takeFrames(BLUE)).toEqual({ received_port: 2, sent: 1, drop_vtep_suspended: 1 });
  });

  test("gets probes, which are held to the network's MTU alone", () => {
    harness.network(RED, { vni: RED_VNI, flags: NETWORK_PROBES, mtu: 1450 });
    harness.entries.setVtepMtu(1, 1000);
    const probe = (bytes: number) => ({ port: 3, frame: ethernet({ to: C, from: A }, 0x88b5, new Uint8Array(bytes)) });
    expect(harness.egress([probe(1000), probe(1450), probe(1451)]).sends.reduce((sum, { frames }) => sum + frames, 0)).toBe(2);
    expect(harness.takeFrames(RED)).toEqual({ received_port: 3, sent: 2, drop_pkt_too_big: 1 });
  });
});
