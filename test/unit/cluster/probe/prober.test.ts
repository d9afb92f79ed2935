// Probers on one wire, with the real codec and the real clock's interface, in time that a test advances.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { encodeProbe } from "../../../../host/cluster/probe/codec.ts";
import { Prober } from "../../../../host/cluster/probe/prober.ts";
import { probeMac } from "../../../../host/model/cluster/probe-mac.ts";
import { formatMac, macFromBytes } from "../../../../host/model/mac.ts";
import { idOf, peerOf } from "./nodes.ts";

const KEY = new Uint8Array(32).fill(7);
const MTU = 1450;

interface Member {
  prober: Prober;
  suspected: string[][];
  pathMtus: [vtep: string, bytes: number][];
  /** Hands it a frame. */
  take: (frame: Uint8Array) => void;
}

let members: Member[];
/** Frames that pass. */
let passes: (frame: Uint8Array, from: number, to: number) => boolean;

function member(node: number, key = KEY): Member {
  let handler: (frame: Uint8Array) => void = () => {};
  const send = (frame: Uint8Array) => {
    const to = members.findIndex((_, other) => probeMac(idOf(other)) === formatMac(macFromBytes(frame)));
    if (to >= 0 && passes(frame, node, to)) setTimeout(() => members[to].take(frame), 1);
  };
  const port = {
    send,
    onFrame: (then: (frame: Uint8Array) => void) => {
      handler = then;
    },
  };
  const pathMtus: Member["pathMtus"] = [];
  const onPathMtu = (vtep: string, bytes: number) => pathMtus.push([vtep, bytes]);
  const prober = new Prober({ port, nodeId: idOf(node), incarnation: 1, family: 4, mtu: MTU, key, onPathMtu });
  const suspected: string[][] = [];
  prober.onChange((vteps) => suspected.push([...vteps]));
  return { prober, suspected, pathMtus, take: (frame) => handler(frame) };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout", "performance"] });
  passes = () => true;
  members = [member(0), member(1), member(2)];
  for (const [node, { prober }] of members.entries()) {
    prober.setPeers([0, 1, 2].filter((other) => other !== node).map(peerOf));
    prober.start();
  }
});
afterEach(() => {
  for (const { prober } of members) prober.stop();
  vi.useRealTimers();
});

test("who answers is reachable, with what was measured", () => {
  vi.advanceTimersByTime(5000);
  const [first] = members[0].prober.peers();
  expect(first).toMatchObject({ node: idOf(1), name: "n1", vtep: "192.0.2.1", state: "reachable", cause: null, loss: 0, pathMtu: 1500 });
  expect(first.rttSeconds).toBeCloseTo(0.002, 3);
  expect(members[0].prober.probes()[0]).toMatchObject({ vtep: "192.0.2.1", suspect: false, lost: 0, forgotten: 0, pathMtu: 1500 });
  expect(members[0].prober.probes()[0].answered).toBeGreaterThan(3);
  expect(members.flatMap(({ prober, suspected }) => [...prober.refused(), ...suspected])).toEqual([]);
});

test("who does not is suspect, and why; the handler is told of that and of the end of it", () => {
  vi.advanceTimersByTime(3000);
  passes = (_, from, to) => from !== 2 && to !== 2;
  vi.advanceTimersByTime(4000);
  expect(members[0].suspected).toEqual([["192.0.2.2"]]);
  expect(members[0].prober.peers()[1]).toMatchObject({ state: "suspect", cause: "node" });
  expect(members[0].prober.probes()[1].suspect).toBe(true);
  passes = (_, from, to) => from + to !== 2;
  vi.advanceTimersByTime(15_000);
  expect(members[0].prober.peers()[1]).toMatchObject({ state: "suspect", cause: "path" });
  passes = () => true;
  vi.advanceTimersByTime(2000);
  expect(members[0].suspected).toEqual([["192.0.2.2"], []]);
  expect(members[0].prober.peers()[1]).toMatchObject({ state: "reachable", cause: null });
});

test("a narrow path is told in bytes of outer packet", () => {
  passes = (frame, from, to) => from !== 0 || to !== 1 || frame.length - 14 + 50 <= 1400;
  vi.advanceTimersByTime(20_000);
  expect(members[0].pathMtus).toEqual([["192.0.2.1", 1400]]);
  expect(members[0].prober.peers()[0].pathMtu).toBe(1400);
  expect(members[1].pathMtus).toEqual([]);
  // What is said of an address is taken back with the peer that had it.
  for (const { prober } of members) prober.setPeers([]);
  expect(members.map(({ pathMtus }) => pathMtus)).toEqual([
    [
      ["192.0.2.1", 1400],
      ["192.0.2.1", 1500],
    ],
    [],
    [],
  ]);
});

test("one with another secret is neither heard nor suspected", () => {
  members[2].prober.stop();
  members[2] = member(2, new Uint8Array(32));
  members[2].prober.setPeers([peerOf(0), peerOf(1)]);
  members[2].prober.start();
  vi.advanceTimersByTime(10_000);
  expect(members[0].prober.peers().map(({ state, loss }) => [state, loss])).toEqual([
    ["reachable", 0],
    ["unknown", 1],
  ]);
  expect(members[0].prober.refused()).toEqual([{ reason: "unauthentic", frames: expect.any(Number) }]);
  expect(members[0].suspected).toEqual([]);
});

describe("frames that are not acted on are counted, each by its reason", () => {
  const message = {
    kind: "request",
    nonce: 1,
    from: idOf(1),
    incarnation: 1,
    to: idOf(0),
    about: null,
    reached: false,
    bytes: 112,
  } as const;
  const macs = { to: probeMac(idOf(0)), from: probeMac(idOf(1)) };

  test.each([
    ["malformed", new Uint8Array(60)],
    ["misdirected", encodeProbe({ ...message, to: idOf(5) }, macs, KEY)],
    ["stranger", encodeProbe({ ...message, from: idOf(5) }, macs, KEY)],
    ["unexpected", encodeProbe({ ...message, kind: "reply" }, macs, KEY)],
    ["version", Uint8Array.from(encodeProbe(message, macs, KEY), (byte, i) => (i === 14 ? 2 : byte))],
    ["unauthentic", encodeProbe(message, macs, new Uint8Array(32))],
  ])("%s", (reason, frame) => {
    for (let i = 0; i < 3; i++) members[0].take(frame);
    expect(members[0].prober.refused()).toEqual([{ reason, frames: 3 }]);
  });

  test("limited", () => {
    for (let i = 0; i < 110; i++) members[0].take(encodeProbe(message, macs, KEY));
    expect(members[0].prober.refused()).toEqual([{ reason: "limited", frames: 10 }]);
  });

  test("limited, whoever sent them", () => {
    for (let i = 0; i < 10_100; i++) members[0].take(new Uint8Array(60));
    expect(members[0].prober.refused()).toEqual([
      { reason: "malformed", frames: 10_000 },
      { reason: "limited", frames: 100 },
    ]);
  });
});

test("one that is stopped neither sends nor answers, and may be started again", () => {
  vi.advanceTimersByTime(3000);
  members[0].prober.stop();
  members[0].prober.stop();
  let heard = 0;
  passes = (_, from) => {
    if (from === 0) heard++;
    return true;
  };
  vi.advanceTimersByTime(5000);
  expect([heard, members[1].suspected.at(-1), members[0].suspected]).toEqual([0, ["192.0.2.0"], []]);
  members[0].prober.start();
  vi.advanceTimersByTime(2000);
  expect([members[1].suspected.at(-1), members[0].suspected]).toEqual([[], []]);
});
