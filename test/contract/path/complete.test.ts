import { beforeEach, describe, expect, test } from "vitest";
import { COUNTER_ROW_BYTES } from "../../../assembly/abi/counter.ts";
import { H_VNI, HEADER, VNI_ENTRY_BYTES } from "../../../assembly/abi/layout.ts";
import { P_NETWORK } from "../../../assembly/abi/port.ts";
import { DROP_FULL_RING, REASONS } from "../../../assembly/abi/reason.ts";
import {
  DIRECTION_EGRESS,
  DIRECTION_INGRESS,
  R_OFFSET,
  RX_BYTES,
  W_COUNTERS,
  W_RX,
  W_RX_COUNT,
  W_TX_COUNT,
  W_WRITE_COUNT,
} from "../../../assembly/abi/worker.ts";
import type { CoreHarness, Output } from "../../oracle/core-harness.ts";
import { A, B, BLUE, BROADCAST, builds, C, datagram, hex, small, standardWorld, superframe, tcpTo, train } from "../../oracle/world.ts";

/** An address behind the end of any memory that a test has, so that the core traps when it reads there. */
const OUTSIDE = 0x7fff0000;
/** A VNI whose entry the test spoils. */
const NOWHERE_VNI = 77;

describe.each(builds)("$build: the end of a call", ({ build }) => {
  let harness: CoreHarness;
  beforeEach(() => {
    harness = standardWorld({ build });
  });

  test("a write that failed drops all its frames, with its reason", () => {
    const frames = Array.from({ length: 5 }, (_, i) => tcpTo(A, C, new Uint8Array(100), 1 + i * 100));
    harness.ingress(
      frames.map((frame) => datagram(frame)),
      { write: () => DROP_FULL_RING },
    );
    expect(harness.take(BLUE)).toMatchObject({ received_underlay: 5, drop_full_ring: 5, merged: 4 });
    expect(harness.take(BLUE)).toEqual({});
    harness.egress([{ port: 1, ...superframe({ to: B, from: A }, new Uint8Array(5000), 1000) }], { write: () => DROP_FULL_RING });
    expect(harness.takeFrames(BLUE)).toEqual({ received_port: 5, drop_full_ring: 5 });
  });

  test("a reason that does not exist is tx_error", () => {
    harness.ingress([datagram(small(A, C))], { write: () => REASONS });
    expect(harness.takeFrames(BLUE)).toEqual({ received_underlay: 1, drop_tx_error: 1 });
  });

  test("every combination of failures balances", () => {
    let turn = 0;
    const frames = Array.from({ length: 60 }, (_, i) => ({ port: 1, frame: small([B, C, BROADCAST][i % 3], A, i) }));
    harness.egress(frames, {
      send: ({ segments }) => (++turn % 3 === 0 ? { dropped: (turn % segments.length) + 1, reason: (turn % 25) + 1 } : undefined),
      write: () => (++turn % 4 === 0 ? (turn % 25) + 1 : 0),
    });
    harness.assertAllBooks();
  });

  test("descriptors are free again", () => {
    harness.egress([{ port: 1, frame: small(BROADCAST, A) }]);
    expect([W_TX_COUNT, W_WRITE_COUNT].map((at) => harness.view.getUint32(harness.block + at, true))).toEqual([0, 0]);
  });
});

describe.each(builds)("$build: a worker that replaces a trapped one", ({ build }) => {
  let harness: CoreHarness;
  beforeEach(() => {
    harness = standardWorld({ build });
  });

  /** Makes the core trap at descriptor `bad` of a batch; returns what came out after recovery. */
  function trapAt(bad: number, count: number, direction: number): Output {
    harness.view.setUint32(harness.block + W_RX + bad * RX_BYTES + R_OFFSET, OUTSIDE, true);
    return trap(direction, count);
  }

  /** Hands over a batch that makes the core trap once; returns what came out after recovery. */
  function trap(direction: number, count: number): Output {
    const call = () => (direction === DIRECTION_EGRESS ? harness.core.egress(count) : harness.core.ingress(count));
    expect(call).toThrow(WebAssembly.RuntimeError);
    harness.restart();
    expect(harness.core.recover()).toBe(direction);
    harness.assertAllBooks();
    expect(harness.view.getUint32(harness.block + W_RX_COUNT, true)).toBe(count);
    const output: Output = { sends: [], writes: [], calls: 0 };
    while (harness.step(call, {}, output) !== 0);
    return output;
  }

  test.each([0, 3, 9])("goes on behind the frame that trapped (descriptor %d of 10): egress", (bad) => {
    for (let i = 0; i < 10; i++) harness.placeFrame(i, { port: 1, frame: small(C, A, i) });
    const { sends } = trapAt(bad, 10, DIRECTION_EGRESS);
    const rest = sends.flatMap(({ segments }) => segments.map(({ length }) => length - 50));
    expect(rest).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].slice(bad + 1));
    // Those before it were parsed and not yet sent; the bad one was never known to belong to a network.
    expect(harness.takeFrames(BLUE)).toEqual({
      received_port: 9,
      ...(bad > 0 ? { drop_core_trap: bad } : {}),
      ...(bad < 9 ? { sent: 9 - bad } : {}),
    });
    expect(harness.takeFrames(0)).toEqual({ received_port: 1, drop_core_trap: 1 });
  });

  test.each([0, 3, 9])("goes on behind the datagram that trapped (descriptor %d of 10): ingress", (bad) => {
    for (let i = 0; i < 10; i++) harness.placeDatagram(i, datagram(small(A, C, i)));
    const { writes } = trapAt(bad, 10, DIRECTION_INGRESS);
    expect(writes.map(({ frame }) => frame.length - 42)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].slice(bad + 1));
    expect(harness.takeFrames(0)).toEqual({ received_underlay: 1, drop_core_trap: 1 });
  });

  test("what a merged datagram still held is counted too", () => {
    const frames = Array.from({ length: 8 }, (_, i) => small(A, C, 64, undefined, { from: i, to: 9 }));
    harness.placeDatagram(0, train(frames));
    harness.placeDatagram(1, datagram(small(A, C)));
    expect(trapAt(0, 2, DIRECTION_INGRESS).writes).toHaveLength(1);
    expect(harness.takeFrames(0)).toEqual({ received_underlay: 8, drop_core_trap: 8 });
  });

  test("gives up a frame that trapped while it was being counted: egress", () => {
    for (let i = 0; i < 3; i++) harness.placeFrame(i, { port: i === 1 ? 2 : 1, frame: small(C, i === 1 ? B : A) });
    // A row of counters behind the end of any memory.
    const row = Math.floor((OUTSIDE - harness.block - W_COUNTERS) / COUNTER_ROW_BYTES);
    harness.entries.port(2)[P_NETWORK / 4] = row;
    expect(trap(DIRECTION_EGRESS, 3).sends).toHaveLength(1);
    expect(harness.takeFrames(0)).toEqual({ received_port: 1, drop_core_trap: 1 });
    expect(harness.takeFrames(BLUE)).toEqual({ received_port: 2, drop_core_trap: 1, sent: 1 });
  });

  test("gives up a frame that trapped while it was being counted: ingress", () => {
    // Nobody's source, or the trap would come earlier, when the network's sources are looked at.
    const spoiled = { ...datagram(small(A, C), NOWHERE_VNI), source: "192.0.2.99" };
    for (let i = 0; i < 3; i++) harness.placeDatagram(i, i === 1 ? spoiled : datagram(small(A, C)));
    const map = harness.view.getUint32(HEADER + H_VNI, true);
    harness.view.setUint16(map + NOWHERE_VNI * VNI_ENTRY_BYTES, 0xffff, true);
    expect(trap(DIRECTION_INGRESS, 3).writes).toHaveLength(1);
    expect(harness.takeFrames(0)).toEqual({ received_underlay: 1, drop_core_trap: 1 });
    expect(harness.takeFrames(BLUE)).toEqual({ received_underlay: 2, drop_core_trap: 1, delivered: 1 });
  });

  test("does not do again what a paused flood had done", () => {
    for (let i = 10; i < 310; i++) harness.port(i, BLUE);
    harness.flood(BLUE, { ports: Array.from({ length: 300 }, (_, i) => 10 + i), vteps: [] });
    harness.placeFrame(0, { port: 1, frame: small(BROADCAST, A) });
    harness.placeFrame(1, { port: 1, frame: small(C, A) });
    const output: Output = { sends: [], writes: [], calls: 0 };
    expect(harness.step(() => harness.core.egress(2), {}, output)).toBe(1);
    expect(output.writes).toHaveLength(256);
    // The thread dies between two calls.
    harness.restart();
    expect(harness.core.recover()).toBe(DIRECTION_EGRESS);
    harness.assertAllBooks();
    expect(harness.step(() => harness.core.egress(2), {}, output)).toBe(0);
    expect(output.writes).toHaveLength(256);
    expect(output.sends.map(({ segments }) => hex(segments[0].subarray(8)))).toEqual([hex(small(C, A))]);
    expect(harness.takeFrames(BLUE)).toEqual({ received_port: 2, copies: 255, delivered: 256, sent: 1 });
  });

  test("has nothing to do when its predecessor was between calls", () => {
    harness.egress([{ port: 1, frame: small(C, A) }]);
    harness.take(BLUE);
    harness.restart();
    expect(harness.core.recover()).toBe(0);
    expect(harness.take(BLUE)).toEqual({});
    expect(harness.take(0)).toEqual({});
    expect(harness.egress([{ port: 1, frame: small(C, A) }]).sends).toHaveLength(1);
  });
});
