// The embedded store as a backend: what a manager serves when no etcd is given. All the work is done in the store's thread; here calls are passed
// on and watchers are told what was committed. Main thread.

import type { OperationError } from "../../model/errors.ts";
import { type Backend, failure } from "../backend.ts";
import type * as rpc from "../generated/rpc_pb.js";
import type { WatchedStore } from "../watch/stream.ts";
import { WatchStreams } from "../watch/streams.ts";
import type { Listener } from "../watch/topic.ts";
import type { HistoryPage } from "./keyspace.ts";
import { headerOf, type Identity } from "./meta.ts";
import { StoreThread } from "./store-thread.ts";
import type { HistoryAsk } from "./thread.ts";
import { Topics } from "./topics.ts";

export interface EmbeddedOptions {
  /** A path; made if it is not there. */
  file: string;
  /** As `etcdctl member list` shows it. */
  name?: string;
  clientUrls?: string[];
  /** Beyond it nothing is put any more. */
  fileBytesMax?: number;
  /** The store has died by itself, and will answer nothing any more. */
  onDeath?(error: OperationError): void;
}

/** Rejects with OperationError: the file is another program's, damaged, or in use. */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedBackend> {
  const backend = new EmbeddedBackend(options);
  await backend.open();
  return backend;
}

export class EmbeddedBackend implements Backend, WatchedStore {
  readonly #options: EmbeddedOptions;
  readonly #streams = new WatchStreams(this);
  #thread!: StoreThread;
  #topics!: Topics;

  /** openEmbedded() is what makes one. */
  constructor(options: EmbeddedOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { file, fileBytesMax } = this.#options;
    this.#thread = await StoreThread.open({
      file,
      fileBytesMax,
      onCommits: (commits) => this.#topics.commit(commits),
      onDeath: (error) => this.#die(error),
    });
    this.#topics = new Topics(this.#thread.revision, (revision) => this.header(revision));
  }

  get identity(): Identity {
    return this.#thread.identity;
  }

  get revision(): bigint {
    return this.#thread.revision;
  }

  get compacted(): bigint {
    return this.#thread.compacted;
  }

  range(request: rpc.RangeRequest): Promise<rpc.RangeResponse> {
    return this.#thread.call("range", request);
  }

  put(request: rpc.PutRequest): Promise<rpc.PutResponse> {
    return this.#thread.call("put", request);
  }

  deleteRange(request: rpc.DeleteRangeRequest): Promise<rpc.DeleteRangeResponse> {
    return this.#thread.call("deleteRange", request);
  }

  txn(request: rpc.TxnRequest): Promise<rpc.TxnResponse> {
    return this.#thread.call("txn", request);
  }

  compact(request: rpc.CompactionRequest): Promise<rpc.CompactionResponse> {
    return this.#thread.call("compact", request);
  }

  leaseGrant(request: rpc.LeaseGrantRequest): Promise<rpc.LeaseGrantResponse> {
    return this.#thread.call("leaseGrant", request);
  }

  leaseRevoke(request: rpc.LeaseRevokeRequest): Promise<rpc.LeaseRevokeResponse> {
    return this.#thread.call("leaseRevoke", request);
  }

  leaseKeepAlive(request: rpc.LeaseKeepAliveRequest): Promise<rpc.LeaseKeepAliveResponse> {
    return this.#thread.call("leaseKeepAlive", request);
  }

  leaseTimeToLive(request: rpc.LeaseTimeToLiveRequest): Promise<rpc.LeaseTimeToLiveResponse> {
    return this.#thread.call("leaseTimeToLive", request);
  }

  leaseLeases(request: rpc.LeaseLeasesRequest): Promise<rpc.LeaseLeasesResponse> {
    return this.#thread.call("leaseLeases", request);
  }

  status(): Promise<rpc.StatusResponse> {
    return this.#thread.call("status", { $typeName: "etcdserverpb.StatusRequest" });
  }

  async memberList(): Promise<rpc.MemberListResponse> {
    const { name = "", clientUrls = [] } = this.#options;
    const member = { ID: this.identity.memberId, name, peerURLs: [], clientURLs: clientUrls, isLearner: false };
    const members = [{ $typeName: "etcdserverpb.Member" as const, ...member }];
    return { $typeName: "etcdserverpb.MemberListResponse", header: this.header(this.revision), members };
  }

  watch(requests: AsyncIterable<rpc.WatchRequest>, signal: AbortSignal): AsyncIterable<rpc.WatchResponse> {
    return this.#streams.watch(requests, signal);
  }

  /** A copy of the whole as it is at one revision, into a file that must not be there yet; it is a store as this one is. */
  snapshot(file: string): Promise<void> {
    return this.#thread.snapshot(file);
  }

  async close(): Promise<void> {
    this.#streams.close(failure("stopped"));
    await this.#thread.close();
  }

  // What watch streams need of the store.

  header(revision: bigint): rpc.ResponseHeader {
    return headerOf(this.identity, revision);
  }

  history(ask: HistoryAsk): Promise<HistoryPage> {
    return this.#thread.history(ask);
  }

  now(): bigint {
    this.#topics.tell();
    return this.#topics.told;
  }

  join(listener: Listener): boolean {
    return this.#topics.join(listener);
  }

  leave(listener: Listener): void {
    this.#topics.leave(listener);
  }

  told(): bigint {
    return this.#topics.told;
  }

  #die(error: OperationError): void {
    this.#streams.close(failure("stopped"));
    this.#options.onDeath?.(error);
  }
}
