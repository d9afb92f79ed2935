import { beforeEach, describe, expect, test } from "vitest";
import { FLOOD_PORTS_MAX, TX_MAX, WRITE_MAX } from "../../../assembly/abi/limits.ts";
import { PORT_CLOSING } from "../../../assembly/abi/port.ts";
import { W_REPLICA } from "../../../assembly/abi/worker.ts";
import type { CoreHarness, Output } from "../../oracle/core-harness.ts";
import { Random } from "../../oracle/random.ts";
import { split } from "../../oracle/split.ts";
import {
  A,
  B,
  BLUE,
  BLUE_VNI,
  BROADCAST,
  builds,
  C,
  D,
  datagram,
  hex,
  inner,
  RED,
  STRANGER,
  small,
  standardWorld,
  superframe,
  tcpTo,
} from "../../oracle/world.ts";

describe.each(builds)("$build: flooding", ({ build }) => {
  let harness: CoreHarness;
  beforeEach(() => {
    harness = standardWorld({ build });
  });

  describe("from a port", () => {
    test.each([
      ["broadcast", BROADCAST],
      ["multicast", 0x01005e000001],
      ["unknown unicast", STRANGER],
    ])("%s goes to every other port and every VTEP, once", (_, to) => {
      const frame = small(to, A);
      const { sends, writes } = harness.egress([{ port: 1, frame }]);
      expect(writes.map(({ port, frame }) => [port, hex(frame)])).toEqual([[2, hex(frame)]]);
      expect(sends.map(({ vtep, segments }) => [vtep, segments.map((segment) => hex(inner(segment)))])).toEqual([
        [1, [hex(frame)]],
        [2, [hex(frame)]],
      ]);
      expect(harness.takeFrames(BLUE)).toEqual({ received_port: 1, copies: 2, delivered: 1, sent: 2 });
      expect(harness.take(RED)).toEqual({});
    });

    test("with nobody else there is no_tx_target", () => {
      harness.flood(BLUE, { ports: [1], vteps: [] });
      expect(harness.egress([{ port: 1, frame: small(BROADCAST, A) }])).toMatchObject({ sends: [], writes: [] });
      expect(harness.takeFrames(BLUE)).toEqual({ received_port: 1, drop_no_tx_target: 1 });
    });

    test("a replica that cannot go is dropped, the others go", () => {
      harness.entries.setPortState(2, PORT_CLOSING);
      harness.vtep(2, "2001:db8::3", 60);
      const { sends } = harness.egress([{ port: 1, frame: small(BROADCAST, A, 50) }]);
      expect(sends.map(({ vtep }) => vtep)).toEqual([1]);
      expect(harness.takeFrames(BLUE)).toEqual({ received_port: 1, copies: 2, sent: 1, drop_port_down: 1, drop_pkt_too_big: 1 });
    });
  });

  describe("from the underlay", () => {
    test.each([
      ["broadcast", BROADCAST],
      ["unknown unicast", STRANGER],
    ])("%s goes to the ports alone: split horizon", (_, to) => {
      const frame = small(to, C);
      const { sends, writes } = harness.ingress([datagram(frame)]);
      expect(sends).toEqual([]);
      expect(writes.map(({ port, frame }) => [port, hex(frame)])).toEqual([
        [1, hex(frame)],
        [2, hex(frame)],
      ]);
      expect(harness.takeFrames(BLUE)).toEqual({ received_underlay: 1, copies: 1, delivered: 2 });
    });

    test("without ports there is no_tx_target", () => {
      harness.flood(BLUE, { ports: [], vteps: [1] });
      harness.ingress([datagram(small(BROADCAST, C))]);
      expect(harness.takeFrames(BLUE)).toEqual({ received_underlay: 1, drop_no_tx_target: 1 });
    });
  });

  describe("that runs out of descriptors goes on where it was", () => {
    const VTEPS = 200;
    const PORTS = 600;
    const payload = new Random(5).bytes(60_000);
    const { frame, vnet } = superframe({ to: BROADCAST, from: A }, payload, 1300);
    const wire = split(frame, 1300);

    beforeEach(() => {
      for (let i = 10; i < 10 + VTEPS; i++) harness.vtep(i, `192.0.3.${i}`);
      for (let i = 10; i < 10 + PORTS; i++) harness.port(i, BLUE);
      harness.flood(BLUE, {
        ports: Array.from({ length: PORTS }, (_, i) => 10 + i),
        vteps: Array.from({ length: VTEPS }, (_, i) => 10 + i),
        sources: [1],
      });
    });

    /** Every VTEP got every wire frame once and in order, every port the superframe once. */
    function expectWhole({ sends, writes, calls }: Output): void {
      expect(calls).toBeGreaterThan(3);
      expect(writes.map(({ port }) => port)).toEqual(Array.from({ length: PORTS }, (_, i) => 10 + i));
      expect(writes.every((write) => write.frames === wire.length && Buffer.compare(write.frame, frame) === 0)).toBe(true);
      for (let vtep = 10; vtep < 10 + VTEPS; vtep++) {
        const got = sends.filter((send) => send.vtep === vtep).flatMap(({ segments }) => segments.map((segment) => hex(inner(segment))));
        expect(got.length).toBe(wire.length);
        if (vtep % 50 === 0) expect(got).toEqual(wire.map(hex));
      }
    }

    test("a superframe to 200 VTEPs and 600 ports: nothing lost, nothing doubled", () => {
      expectWhole(harness.egress([{ port: 1, frame, vnet }]));
      const replicas = VTEPS + PORTS;
      expect(harness.takeFrames(BLUE)).toEqual({
        received_port: wire.length,
        copies: wire.length * (replicas - 1),
        delivered: wire.length * PORTS,
        sent: wire.length * VTEPS,
      });
    });

    test("whatever the FDB learns meanwhile", () => {
      let first = true;
      const unknown = superframe({ to: STRANGER, from: A }, payload, 1300);
      harness.egress([{ port: 1, ...unknown }], {
        send: () => {
          if (first) harness.fdb(BLUE, STRANGER, "vtep", 1, false);
          first = false;
          return undefined;
        },
      });
      expect(harness.takeFrames(BLUE)).toMatchObject({ received_port: wire.length, sent: wire.length * VTEPS });
    });

    test("whatever the tables say meanwhile of a datagram's network and source", () => {
      const { calls } = harness.ingress([datagram(tcpTo(BROADCAST, C, payload.subarray(0, 900)))], {
        write: () => {
          harness.network(BLUE, { vni: 777 });
          harness.flood(BLUE, { ports: Array.from({ length: PORTS }, (_, i) => 10 + i), sources: [] });
          new Uint16Array(harness.memory.buffer, harness.view.getUint32(1024 + 44, true))[BLUE_VNI] = 0;
          return 0;
        },
      });
      expect(calls).toBe(Math.ceil(PORTS / WRITE_MAX));
      expect(harness.takeFrames(BLUE)).toEqual({ received_underlay: 1, copies: PORTS - 1, delivered: PORTS });
      expect(harness.take(0)).toEqual({});
    });

    test("between other frames, in order", () => {
      const before = { port: 1, frame: small(D, A, 5) };
      const after = { port: 1, frame: small(D, A, 6) };
      const { sends } = harness.egress([before, { port: 1, frame: small(BROADCAST, A, 7) }, after]);
      expect(sends.length).toBe(VTEPS + 2);
      expect(sends[0].vtep).toBe(2);
      expect(inner(sends[VTEPS + 1].segments[0]).length).toBe(48);
      expect(VTEPS).toBeGreaterThan(TX_MAX);
    });

    test("a datagram to more ports than there are writes", () => {
      const datagrams = Array.from({ length: 20 }, (_, i) => datagram(small(BROADCAST, C, i)));
      const { writes } = harness.ingress(datagrams);
      expect(writes.map(({ port, frame }) => [port, frame.length])).toEqual(
        datagrams.flatMap((_, i) => Array.from({ length: PORTS }, (_, port) => [10 + port, 42 + i])),
      );
      expect(harness.view.getUint32(harness.block + W_REPLICA, true)).toBe(0);
    });
  });

  test("to as many ports as a network can have", () => {
    for (let i = 1; i <= FLOOD_PORTS_MAX; i++) harness.port(i, BLUE);
    harness.flood(BLUE, { ports: Array.from({ length: FLOOD_PORTS_MAX }, (_, i) => i + 1), vteps: [1] });
    const { writes } = harness.egress([{ port: 7, frame: small(BROADCAST, STRANGER) }]);
    expect(writes.map(({ port }) => port)).toEqual(Array.from({ length: FLOOD_PORTS_MAX }, (_, i) => i + 1).filter((port) => port !== 7));
    expect(B).not.toBe(A);
  });
});
