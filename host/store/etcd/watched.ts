// A real etcd as watch streams have it: every watcher joins one of the feeds, and none has to read history. Main thread.

import { create } from "@bufbuild/protobuf";
import { CLUSTER_KEY } from "../../model/cluster/keys.ts";
import {
  WatchCreateRequest_FilterType as Filter,
  type RangeRequest,
  RangeRequestSchema,
  type RangeResponse,
  type ResponseHeader,
  ResponseHeaderSchema,
  type WatchCreateRequest,
  WatchCreateRequestSchema,
  type WatchResponse,
} from "../generated/rpc_pb.js";
import type { WatchedStore } from "../watch/stream.ts";
import type { Listener, Wanted } from "../watch/topic.ts";
import { Feeds } from "./feeds.ts";

/** One key that every user of the store may read; only the header of the answer is looked at. */
const ANY_KEY = create(RangeRequestSchema, { key: Buffer.from(CLUSTER_KEY), keysOnly: true });

export interface Etcd {
  range(request: RangeRequest): Promise<RangeResponse>;
  open(request: WatchCreateRequest, signal: AbortSignal): AsyncIterable<WatchResponse>;
}

export class WatchedEtcd implements WatchedStore {
  readonly compacted = 0n; // etcd says it itself, to the watcher that it concerns
  readonly #etcd: Etcd;
  readonly #feeds: Feeds;
  #latest: ResponseHeader = create(ResponseHeaderSchema);
  /** Of those who ask now: not sent yet. */
  #asking: Promise<bigint> | null = null;
  #asked: Promise<unknown> = Promise.resolve();

  constructor(etcd: Etcd) {
    this.#etcd = etcd;
    this.#feeds = new Feeds({
      header: (revision) => this.header(revision),
      latest: () => this.revision,
      open: (wanted, start, signal) => this.#open(wanted, start, signal),
    });
  }

  get revision(): bigint {
    return this.#latest.revision;
  }

  header(revision: bigint): ResponseHeader {
    return { ...this.#latest, revision };
  }

  /** One question at a time, for all who have come since the one before was sent. */
  now(): Promise<bigint> {
    this.#asking ??= this.#asked.then(() => {
      const answer = this.#ask();
      this.#asked = answer.catch(() => {});
      this.#asking = null;
      return answer;
    });
    return this.#asking;
  }

  join(listener: Listener): boolean {
    this.#feeds.join(listener);
    return true;
  }

  leave(listener: Listener): void {
    this.#feeds.leave(listener);
  }

  told(listener: Listener): bigint {
    return this.#feeds.told(listener);
  }

  /** Also when it is less than before: a store that was put back is not to be taken for one that goes on. */
  async #ask(): Promise<bigint> {
    const { header } = await this.#etcd.range(ANY_KEY);
    if (header) this.#latest = header;
    return this.#latest.revision;
  }

  async *#open({ key, rangeEnd, prevKv, noPut, noDelete }: Wanted, startRevision: bigint, signal: AbortSignal) {
    const filters = [...(noPut ? [Filter.NOPUT] : []), ...(noDelete ? [Filter.NODELETE] : [])];
    const request = create(WatchCreateRequestSchema, { key, rangeEnd, prevKv, filters, startRevision, fragment: true });
    for await (const response of this.#etcd.open(request, signal)) {
      if (response.header && response.header.revision > this.#latest.revision) this.#latest = response.header;
      yield response;
    }
  }
}
