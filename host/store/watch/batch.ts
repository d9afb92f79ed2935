// Some revisions' events, for all watchers that want the same. What a watcher is told of them is one object for all that have the same id, so that it is
// encoded once (grpc.ts knows it again) however many they are. Main thread.

import type { Event } from "../generated/kv_pb.js";
import type { ResponseHeader, WatchResponse } from "../generated/rpc_pb.js";

/** A batch is no larger, but for one revision that is by itself. */
const BATCH_EVENTS_MAX = 1_000;
const BATCH_BYTES_MAX = 1024 ** 2;
/** Of a fragment, but for one event that is larger by itself: as etcd cuts them. */
const FRAGMENT_BYTES_MAX = 2 * 1024 ** 2;
/** Of an event besides its keys and values, about. */
const EVENT_BYTES = 64;

export class Batch {
  readonly events: readonly Event[];
  /** With these, a watcher has been told everything up to here. */
  readonly revision: bigint;
  readonly bytes: number;
  readonly #header: ResponseHeader;
  readonly #responses = new Map<string, WatchResponse[]>();

  /** @param events at least one, in order, of whole revisions */
  constructor(events: readonly Event[], header: ResponseHeader) {
    this.events = events;
    this.revision = header.revision;
    this.bytes = events.reduce((sum, event) => sum + bytesOf(event), 0);
    this.#header = header;
  }

  /** Its first revision. */
  get first(): bigint {
    return revisionOf(this.events[0]);
  }

  /** What of it is for a watcher that knows everything before `next`; null when nothing is. */
  from(next: bigint): Batch | null {
    if (this.first >= next) return this;
    const events = this.events.filter((event) => revisionOf(event) >= next);
    return events.length === 0 ? null : new Batch(events, this.#header);
  }

  /** @param cut in fragments, if it is large */
  responses(watchId: bigint, cut: boolean): readonly WatchResponse[] {
    const name = `${watchId} ${cut}`;
    const made = this.#responses.get(name) ?? this.#make(watchId, cut);
    this.#responses.set(name, made);
    return made;
  }

  #make(watchId: bigint, cut: boolean): WatchResponse[] {
    const pieces = cut ? cutUp(this.events, (bytes, _, event) => bytes + bytesOf(event) > FRAGMENT_BYTES_MAX) : [[...this.events]];
    return pieces.map((events, at) => responseOf(this.#header, watchId, { events, fragment: at < pieces.length - 1 }));
  }
}

/** @param told what the events end at, or a later revision without any */
export function batchesOf(events: readonly Event[], told: bigint, header: (revision: bigint) => ResponseHeader): Batch[] {
  const pieces = cutUp(events, (bytes, piece, event) => {
    const full = piece.length >= BATCH_EVENTS_MAX || bytes >= BATCH_BYTES_MAX;
    return full && revisionOf(event) !== revisionOf(piece[piece.length - 1]);
  });
  const endOf = (piece: readonly Event[], at: number) => (at < pieces.length - 1 ? revisionOf(piece[piece.length - 1]) : told);
  return pieces.map((piece, at) => new Batch(piece, header(endOf(piece, at))));
}

export function responseOf(header: ResponseHeader, watchId: bigint, fields: Partial<WatchResponse>): WatchResponse {
  const empty = { created: false, canceled: false, compactRevision: 0n, cancelReason: "", fragment: false, events: [] };
  return { $typeName: "etcdserverpb.WatchResponse", header, watchId, ...empty, ...fields };
}

export function revisionOf({ kv }: Event): bigint {
  return kv?.modRevision ?? 0n;
}

/** In pieces, none of them empty. `before`: whether a piece, which has so many bytes, ends before an event. */
function cutUp(events: readonly Event[], before: (bytes: number, piece: readonly Event[], event: Event) => boolean): Event[][] {
  const pieces: Event[][] = [];
  let bytes = 0;
  for (const event of events) {
    const piece = pieces.at(-1);
    if (!piece || before(bytes, piece, event)) {
      pieces.push([event]);
      bytes = 0;
    } else piece.push(event);
    bytes += bytesOf(event);
  }
  return pieces;
}

function bytesOf({ kv, prevKv }: Event): number {
  let bytes = EVENT_BYTES;
  for (const pair of [kv, prevKv]) if (pair) bytes += pair.key.length + pair.value.length;
  return bytes;
}
