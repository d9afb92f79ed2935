// Who is told what of the embedded store's commits, and when.

import { expect, test } from "vitest";
import { Topics } from "../../../../host/store/embedded/topics.ts";
import { revisionOf } from "../../../../host/store/watch/batch.ts";
import { ALL, Ear, event, header } from "../watch/events.ts";

const commit = (...revisions: number[]) => revisions.map((revision) => ({ revision: BigInt(revision), events: [event(revision)] }));

test("commits of one turn of the event loop are told together, each to those who watch its keys", async () => {
  const topics = new Topics(1n, header);
  const ears = [new Ear(2n), new Ear(2n), new Ear(2n, { ...ALL, key: Buffer.from("k3"), rangeEnd: new Uint8Array() })];
  expect(ears.map((ear) => topics.join(ear))).toEqual([true, true, true]);
  topics.commit(commit(2, 3));
  topics.commit(commit(4));
  expect([topics.told, ears[0].told.length]).toEqual([1n, 0]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(topics.told).toBe(4n);
  expect(ears.map(({ told }) => told.map(({ events }) => events.map((one) => Number(revisionOf(one)))))).toEqual([
    [[2, 3, 4]],
    [[2, 3, 4]],
    [[3]],
  ]);
  expect(ears[1].told[0]).toBe(ears[0].told[0]);
  expect(ears[2].next).toBe(5n);
});

test("who lacks something that was told has to read it first; who begins later joins; who has left hears nothing", () => {
  const topics = new Topics(5n, header);
  const [late, future] = [new Ear(5n), new Ear(7n)];
  expect([topics.join(late), topics.join(future)]).toEqual([false, true]);
  topics.commit(commit(6, 7));
  topics.tell();
  topics.leave(future);
  topics.commit(commit(8));
  topics.tell();
  expect([late.revisions, future.revisions, topics.told]).toEqual([[], [7], 8n]);
});
