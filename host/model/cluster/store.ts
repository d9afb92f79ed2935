// The cluster's state as its users see it: etcd's data model (https://etcd.io/docs/v3.5/learning/data_model/). host/store implements it over
// gRPC, and its engine directly for tests in virtual time. Keys are text, values are text (JSON, host/model/cluster/records.ts). Revisions are
// numbers: 2^53 changes are never reached. Every method rejects with StoreError. Main thread.

/** What went wrong, as gRPC's status codes have it, less those that nobody tells apart. */
export type StoreFailure =
  | "unavailable" // no manager answers, or none answered in time: whether a write happened is not known
  | "denied" // this node may not do it
  | "unauthenticated" // this node's certificate is not good here: the message says why
  | "compacted" // the revision asked for is gone
  | "not-found" // a lease that has ended
  | "exhausted" // too large, or too many
  | "invalid" // a request that makes no sense
  | "internal";

export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly failure: StoreFailure;

  constructor(failure: StoreFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}

export interface Entry {
  key: string;
  value: string;
  createRevision: number;
  modRevision: number;
  /** Changes since it was created; 1 for a new one. */
  version: number;
  /** Lease that it ends with, or "0". */
  lease: string;
}

export type Compare =
  | { key: string; is: "absent" }
  | { key: string; is: "present" }
  | { key: string; modRevision: number }
  | { key: string; value: string };

export type Change =
  | { put: string; value: string; lease?: string }
  | { delete: string }
  /** Every key that begins so. */
  | { deletePrefix: string };

export interface TxnAnswer {
  succeeded: boolean;
  revision: number;
}

export interface Range {
  /** The store's revision that all entries are of. */
  revision: number;
  /** Sorted by key. */
  entries: Entry[];
}

export interface PagesOptions {
  keysOnly?: boolean;
  /** Of which all of them are; else of the first page's. */
  revision?: number;
}

export type WatchEvent = { type: "put"; entry: Entry } | { type: "delete"; key: string; modRevision: number };

/** What a watcher is told. Each call is made once the one before has returned (or its promise has settled). */
export interface Watcher {
  /** Everything under the prefix at a revision: first of all, and again whenever events were lost (compaction, a restored or another store). */
  onSnapshot(range: Range): void | Promise<void>;
  /** For who does not keep a snapshot: its parts as they arrive, and onSnapshot() without entries after the last. The first of a snapshot that breaks off is told again. */
  onPart?(entries: Entry[], isFirst: boolean): void;
  /** All the changes of one or more revisions, in order, none twice, none left out. */
  onEvents(events: WatchEvent[], revision: number): void | Promise<void>;
  /** The connection came or went; between, nothing is heard. Not called twice in a row with the same. */
  onConnection?(connected: boolean, why: string): void;
}

export interface Watch {
  close(): void;
}

export interface Lease {
  id: string;
  ttlSeconds: number;
}

export interface Store {
  get(key: string): Promise<Entry | null>;
  /** All under a prefix at one revision, however many (paged inside). */
  list(prefix: string, options?: { keysOnly?: boolean }): Promise<Range>;
  /** The same for who does not keep all of it: page after page, of one revision, and at least one. */
  pages(prefix: string, options?: PagesOptions): AsyncIterable<Range>;
  /** One transaction: `changes` if every compare holds, else nothing. At most 128 changes (etcd's default). */
  commit(compares: readonly Compare[], changes: readonly Change[]): Promise<TxnAnswer>;
  /** Begins to watch; goes on for ever, whatever happens to connections, until it is closed. */
  watch(prefix: string, watcher: Watcher): Watch;
  grantLease(ttlSeconds: number): Promise<Lease>;
  /** Answers the seconds left; rejects with "not-found" when it has ended. */
  keepLease(id: string): Promise<number>;
  revokeLease(id: string): Promise<void>;
  close(): void;
}
