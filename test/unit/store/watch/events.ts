// Events, listeners and topics for tests of what watchers are told.

import { create } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "../../../../host/store/generated/kv_pb.js";
import { type ResponseHeader, ResponseHeaderSchema } from "../../../../host/store/generated/rpc_pb.js";
import { type Batch, revisionOf } from "../../../../host/store/watch/batch.ts";
import type { Listener, Wanted } from "../../../../host/store/watch/topic.ts";

export const ALL: Wanted = { key: Buffer.from([0]), rangeEnd: Buffer.from([0]), prevKv: false, noPut: false, noDelete: false };

/** mvccpb.Event.EventType */
export const DELETE = 1;

export function event(revision: number, { type = 0, bytes = 1, before = false } = {}): Event {
  const kv = (modRevision: number) => ({
    key: Buffer.from(`k${revision}`),
    value: new Uint8Array(bytes),
    modRevision: BigInt(modRevision),
  });
  return create(EventSchema, { type, kv: kv(revision), prevKv: before ? kv(revision - 1) : undefined });
}

export const header = (revision: bigint): ResponseHeader => create(ResponseHeaderSchema, { revision, clusterId: 7n });

/** One that keeps what it is told, and is idle once that was cleared. */
export class Ear implements Listener {
  readonly wanted: Wanted;
  readonly told: Batch[] = [];
  next: bigint;
  isIdle = true;
  onIdle: () => void = () => {};
  ended: unknown;

  constructor(next = 1n, wanted = ALL) {
    this.next = next;
    this.wanted = wanted;
  }

  tell(all: Batch): void {
    const batch = all.from(this.next);
    if (!batch) return;
    this.told.push(batch);
    this.next = batch.revision + 1n;
  }

  cancel(why: object): void {
    this.ended = why;
  }

  fail(error: unknown): void {
    this.ended = error;
  }

  get revisions(): number[] {
    return this.told.flatMap(({ events }) => events.map((one) => Number(revisionOf(one))));
  }
}
