// What is watched, and all who watch just that: they are told the same, and it is made once for all of them. Main thread.

import type { Event } from "../generated/kv_pb.js";
import { WatchCreateRequest_FilterType as Filter, type ResponseHeader, type WatchCreateRequest } from "../generated/rpc_pb.js";
import { type Batch, batchesOf } from "./batch.ts";

/** What a watcher wants to hear of. */
export interface Wanted {
  key: Uint8Array;
  rangeEnd: Uint8Array;
  prevKv: boolean;
  noPut: boolean;
  noDelete: boolean;
}

/** Who is told. */
export interface Listener {
  readonly wanted: Wanted;
  /** The first revision that it has neither been told nor has queued. */
  readonly next: bigint;
  /** It has taken all that it was told. */
  readonly isIdle: boolean;
  /** Called each time that it is idle again. */
  onIdle: () => void;
  tell(batch: Batch): void;
  /** etcd ended what it listens to, for a reason of the watch. */
  cancel(why: { compactRevision: bigint; cancelReason: string }): void;
  fail(error: unknown): void;
}

/** mvccpb.Event.EventType */
const DELETE = 1;

export class Topic {
  readonly wanted: Wanted;
  readonly listeners = new Set<Listener>();
  readonly #header: (revision: bigint) => ResponseHeader;

  constructor(wanted: Wanted, header: (revision: bigint) => ResponseHeader) {
    this.wanted = wanted;
    this.#header = header;
  }

  /**
   * @param events of its keys, in order, of whole revisions
   * @param told up to where its listeners know everything with them
   */
  tell(events: readonly Event[], told: bigint): void {
    const { prevKv } = this.wanted;
    const theirs = events.filter((event) => isWanted(this.wanted, event)).map((event) => (prevKv ? event : plain(event)));
    for (const batch of batchesOf(theirs, told, this.#header)) for (const listener of this.listeners) listener.tell(batch);
  }
}

/** An empty key is the first of all, as etcd has it. */
export function wantedOf({ key, rangeEnd, prevKv, filters }: WatchCreateRequest): Wanted {
  const from = key.length === 0 ? new Uint8Array(1) : key;
  return { key: from, rangeEnd, prevKv, noPut: filters.includes(Filter.NOPUT), noDelete: filters.includes(Filter.NODELETE) };
}

/** The same for those who want the same. */
export function nameOf({ key, rangeEnd, prevKv, noPut, noDelete }: Wanted): string {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
  return `${hex(key)} ${hex(rangeEnd)} ${prevKv} ${noPut} ${noDelete}`;
}

export function isWanted({ noPut, noDelete }: Wanted, { type }: Event): boolean {
  return type === DELETE ? !noDelete : !noPut;
}

function plain(event: Event): Event {
  return event.prevKv ? { ...event, prevKv: undefined } : event;
}
