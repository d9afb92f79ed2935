// Two probing threads on one wire, as the main thread has them: told of in time, not kept from it by what the main thread does, begun again when they die.
// No root.

import { readdirSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ProbeThread, type ProbeThreadOptions } from "../../../../host/cluster/probe/probe-thread.ts";
import { openWire } from "../../../../host/cluster/probe/wire.ts";
import { closeFd } from "../../../../host/sys/fd.ts";
import { openLoopbackPair } from "../../../../host/sys/udp.ts";
import { idOf, peerOf } from "../../../unit/cluster/probe/nodes.ts";

const WAIT = { timeout: 15_000 };
let pair: [number, number];
let threads: Set<ProbeThread>;
let deaths: { why: string; pauseMs: number }[];
let changes: string[][];
beforeEach(() => {
  pair = openLoopbackPair();
  threads = new Set();
  deaths = [];
  changes = [];
});
afterEach(async () => {
  for (const thread of threads) await thread.stop();
  pair.forEach(closeFd);
});

/** Begins one that knows the other. */
function begin(node: 0 | 1, options: Partial<ProbeThreadOptions> = {}): ProbeThread {
  const thread = new ProbeThread({
    hostFd: pair[node],
    nodeId: idOf(node),
    incarnation: 1,
    family: 4,
    mtu: 1450,
    key: new Uint8Array(32).fill(9),
    onPathMtu: () => {},
    onDeath: (why, pauseMs) => deaths.push({ why, pauseMs }),
    ...options,
  });
  threads.add(thread);
  thread.onChange((suspected) => changes.push([...suspected]));
  thread.setPeers([peerOf(1 - node)]);
  thread.start();
  return thread;
}

async function beginBoth(): Promise<[ProbeThread, ProbeThread]> {
  const both: [ProbeThread, ProbeThread] = [begin(0), begin(1)];
  for (const [node, thread] of both.entries()) await expect.poll(() => thread.reachable(), WAIT).toEqual(new Set([`192.0.2.${1 - node}`]));
  return both;
}

test("who answers is told, with figures; who stops is suspect; who comes back is not", async () => {
  const [one, other] = await beginBoth();
  await expect.poll(() => one.peers()[0]?.state, WAIT).toBe("reachable");
  expect(one.peers()[0]).toMatchObject({ node: idOf(1), vtep: "192.0.2.1", cause: null });
  await expect.poll(() => one.probes()[0]?.pathMtu, WAIT).toBe(1500);
  await other.stop();
  await expect.poll(() => changes, WAIT).toEqual([["192.0.2.1"]]);
  // Both are told at once.
  expect([one.reachable().size, one.peers()[0].state, one.probes()[0].suspect]).toEqual([0, "suspect", true]);
  begin(1);
  await expect.poll(() => changes, WAIT).toEqual([["192.0.2.1"], []]);
  expect(deaths).toEqual([]);
});

test("a main thread that does nothing for 3 s is suspected by nobody and suspects nobody, and probes are answered meanwhile", async () => {
  const both = await beginBoth();
  await expect.poll(() => both.every((thread) => thread.probes()[0]?.answered > 0), WAIT).toBe(true);
  const before = both.map((thread) => thread.probes()[0]);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);
  // One message was on its way; the next has what became of the 3 s. Probes that are made from now on would take as long.
  await expect.poll(() => both.every((thread, i) => thread.probes()[0].answered >= before[i].answered + 3), { timeout: 1900 }).toBe(true);
  expect(changes).toEqual([]);
});

test("a peer whose lease has ended is asked at once, and suspected within 2 s if it is gone", async () => {
  const [one, other] = await beginBoth();
  await other.stop();
  const began = performance.now();
  one.doubt("192.0.2.1");
  await expect.poll(() => changes, { ...WAIT, interval: 10 }).toEqual([["192.0.2.1"]]);
  expect(performance.now() - began).toBeLessThan(2000);
});

test("a thread that dies is begun again, and nobody is suspect meanwhile", async () => {
  const [one, other] = await beginBoth();
  await other.stop();
  await expect.poll(() => changes, WAIT).toEqual([["192.0.2.1"]]);
  // No address to send to: the thread does not survive it.
  one.setPeers([{ ...peerOf(1), mac: "nonsense" }]);
  await expect.poll(() => deaths.length, WAIT).toBe(1);
  expect([deaths[0].pauseMs, changes.at(-1), one.reachable().size, one.peers(), one.probes()]).toEqual([100, [], 0, [], []]);
  one.setPeers([peerOf(1)]);
  begin(1);
  await expect.poll(() => one.reachable().size, WAIT).toBe(1);
  expect(changes.at(-1)).toEqual([]);
});

test("what a thread that died said of a narrow path is taken back, and found again by the next", async () => {
  const [left, right] = [pair, openLoopbackPair()];
  const [near, far] = [await openWire(left[1]), await openWire(right[1])];
  const told: number[] = [];
  try {
    // Ethernet takes 14 bytes.
    near.onFrame((frame) => frame.length <= 590 + 14 && far.send(frame));
    far.onFrame((frame) => near.send(frame));
    const one = begin(0, { mtu: 600, onPathMtu: (_, outerBytes) => told.push(outerBytes) });
    begin(1, { hostFd: right[0], mtu: 600 });
    await expect.poll(() => told, WAIT).toEqual([640]);
    one.setPeers([peerOf(1), { ...peerOf(2), mac: "nonsense" }]);
    await expect.poll(() => told, WAIT).toEqual([640, 650]);
    expect(deaths).toHaveLength(1);
    one.setPeers([peerOf(1)]);
    await expect.poll(() => told.at(-1), WAIT).toBe(640);
  } finally {
    for (const thread of threads) await thread.stop();
    for (const wire of [near, far]) wire.close();
    right.forEach(closeFd);
  }
});

test("one that dies again and again is begun again after longer and longer", async () => {
  const thread = begin(0, { hostFd: 1_000_000 });
  await expect.poll(() => deaths.length, WAIT).toBeGreaterThanOrEqual(4);
  await thread.stop();
  expect(deaths.slice(0, 4).map(({ pauseMs }) => pauseMs)).toEqual([100, 200, 400, 800]);
  expect(deaths[0].why).toContain("dup fd 1000000");
  const count = deaths.length;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(deaths).toHaveLength(count);
});

test("a thread that has ended leaves no descriptor, and no order is lost that came before it ran", async () => {
  const open = () => readdirSync("/proc/self/fd").length;
  const before = open();
  for (let i = 0; i < 3; i++) {
    const both = await beginBoth();
    for (const thread of both) {
      await thread.stop();
      await thread.stop();
    }
  }
  await expect.poll(open).toBeLessThanOrEqual(before);
});
