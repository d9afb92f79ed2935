// The probing thread, spoken to as the main thread does. No root.

import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Taken } from "../../../../host/cluster/probe/courier.ts";
import type { News, Orders, ProbeThreadData } from "../../../../host/cluster/probe/thread.ts";
import { closeFd } from "../../../../host/sys/fd.ts";
import { openLoopbackPair } from "../../../../host/sys/udp.ts";
import { idOf, peerOf } from "../../../unit/cluster/probe/nodes.ts";

let pair: [number, number];
let workers: Worker[];
beforeEach(() => {
  pair = openLoopbackPair();
  workers = [];
});
afterEach(async () => {
  for (const worker of workers) await worker.terminate();
  pair.forEach(closeFd);
});

/** One end's thread, told to start with the other as its peer; and all that it says, which is taken or not. */
function begin(node: 0 | 1, takes: boolean): (News | Taken)[] {
  const workerData: ProbeThreadData = {
    hostFd: pair[node],
    nodeId: idOf(node),
    incarnation: 1,
    family: 4,
    mtu: 1450,
    key: new Uint8Array(32),
  };
  const worker = new Worker(new URL("../../../../host/cluster/probe/thread.ts", import.meta.url), { workerData, execArgv: [] });
  workers.push(worker);
  const told: (News | Taken)[] = [];
  worker.on("message", (message: News | Taken) => {
    told.push(message);
    if (takes && !("taken" in message)) worker.postMessage({ taken: true } satisfies Taken);
  });
  worker.postMessage({ start: true, peers: [peerOf(1 - node)], doubts: [] } satisfies Orders);
  return told;
}

const newsOf = (told: readonly (News | Taken)[]): News[] => told.filter((one): one is News => !("taken" in one));

test("says that it took an order, whom it reaches, and about once a second what it measured", async () => {
  const [told] = [begin(0, true), begin(1, true)];
  await expect.poll(() => newsOf(told).at(-1)?.reachable, { timeout: 10_000 }).toEqual(new Set(["192.0.2.1"]));
  expect(told.filter((one) => "taken" in one)).toHaveLength(1);
  const before = newsOf(told).filter(({ figures }) => figures).length;
  await expect.poll(() => newsOf(told).filter(({ figures }) => figures).length - before, { timeout: 10_000 }).toBe(2);
  expect(newsOf(told).at(-1)?.figures).toMatchObject({
    peers: [{ node: idOf(1), state: "reachable" }],
    probes: [{ vtep: "192.0.2.1", suspect: false }],
    refused: expect.any(Array),
  });
});

test("who takes nothing gets one message, and probes go on all the same", async () => {
  const [deaf, other] = [begin(0, false), begin(1, true)];
  const answered = () => newsOf(other).findLast(({ figures }) => figures)?.figures?.probes[0]?.answered ?? 0;
  await expect.poll(answered, { timeout: 15_000 }).toBeGreaterThanOrEqual(4);
  expect(newsOf(deaf)).toHaveLength(1);
});
