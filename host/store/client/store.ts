// The cluster's state over gRPC: what agents and managers read, watch and write, and what they ask a manager to do. Main thread.

import { create } from "@bufbuild/protobuf";
import { type MethodDefinition, status } from "@grpc/grpc-js";
import type { Answer } from "../../model/cluster/answers.ts";
import type { Asked, ManagerOperation } from "../../model/cluster/operations.ts";
import {
  type Change,
  type Compare,
  type Entry,
  type Lease,
  type PagesOptions,
  type Range,
  type Store,
  StoreError,
  type TxnAnswer,
  type Watch,
  type Watcher,
} from "../../model/cluster/store.ts";
import { OperationError, UsageError } from "../../model/errors.ts";
import {
  KV,
  LeaseGrantRequestSchema,
  LeaseKeepAliveRequestSchema,
  LeaseRevokeRequestSchema,
  Lease as LeaseService,
  type RangeRequest,
  RangeRequestSchema,
} from "../generated/rpc_pb.js";
import { Control, DoRequestSchema } from "../generated/weft_pb.js";
import { methodsOf } from "../grpc.ts";
import { Connection } from "./connection.ts";
import type { TlsFiles } from "./credentials.ts";
import { HOST_NAME, MANAGER } from "./identity.ts";
import { listAll, pagesOf } from "./pages.ts";
import { detailsOf, isAway, isStatus, storeError } from "./reasons.ts";
import type { User } from "./token.ts";
import { bytesOf, entryOf, textOf, transactionOf } from "./translate.ts";
import { PrefixWatch } from "./watch.ts";

/** The state, and those who work on it. */
export interface ClusterClient extends Store {
  /** Asks a manager. Rejects with OperationError or UsageError and the manager's line, or with StoreError when none answers or it may not. */
  do<Name extends ManagerOperation>(name: Name, input: Asked<Name>): Promise<Answer<Name>>;
  /** From now on with the certificate that `tls` gives now; watches go on where they were. */
  refresh(): void;
}

export interface StoreClientOptions {
  /** HOST:PORT of each; asked anew at each try. */
  endpoints: () => readonly string[];
  /** Asked anew for each connection; null = no TLS. */
  tls: (() => TlsFiles) | null;
  /** Whom to expect: a manager of this cluster, or a real etcd by its host's name. */
  server?: "manager" | "etcd";
  /** Told to the manager, so that one of another cluster can say so. */
  clusterId?: () => string;
  /** Of a real etcd. */
  user?: User;
  deadlineMs?: number;
  /** In [0, 1): for the spread of retries. */
  random?: () => number;
}

export const DEADLINE_MS = 5000;
/** An operation may be many transactions. */
const OPERATION_MS = 15_000;
/** A beat that comes later than this is of no use to a lease of 4 s. */
const KEEP_MS = 3000;
const MANAGER_KEEPALIVE_MS = 3000;
/** etcd closes connections that ask more often than each 5 s. */
export const ETCD_KEEPALIVE_MS = 6000;

/** Operations that do no harm when they are done twice: they read, or are idempotent by what they are given. */
const REPEATABLE: ReadonlySet<ManagerOperation> = new Set<ManagerOperation>([
  "network.ls",
  "network.inspect",
  "node.ls",
  "node.inspect",
  "endpoint.create",
  "endpoint.remove",
  "node.leave",
  "cluster.time",
  "cluster.info",
]);

export function connectStore(options: StoreClientOptions): ClusterClient {
  return new StoreClient(options);
}

class StoreClient implements ClusterClient {
  readonly #connection: Connection;
  readonly #watches = new Set<PrefixWatch>();
  readonly #random?: () => number;

  constructor({ endpoints, tls, server = "manager", clusterId, user, deadlineMs = DEADLINE_MS, random }: StoreClientOptions) {
    this.#random = random;
    this.#connection = new Connection({
      endpoints,
      tls,
      identity: server === "manager" ? MANAGER : HOST_NAME,
      who: server,
      metadata: clusterId && (() => ({ "weft-cluster": clusterId() })),
      user,
      deadlineMs,
      keepaliveMs: server === "manager" ? MANAGER_KEEPALIVE_MS : ETCD_KEEPALIVE_MS,
      random,
    });
  }

  async get(key: string): Promise<Entry | null> {
    const { kvs } = await this.#range(create(RangeRequestSchema, { key: bytesOf(key) })).catch(fail);
    return kvs.length > 0 ? entryOf(kvs[0]) : null;
  }

  async list(prefix: string, { keysOnly = false } = {}): Promise<Range> {
    const { revision, entries } = await listAll((request) => this.#range(request), prefix, keysOnly).catch(fail);
    return { revision, entries };
  }

  async *pages(prefix: string, options?: PagesOptions): AsyncGenerator<Range> {
    try {
      yield* pagesOf((request) => this.#range(request), prefix, options);
    } catch (error) {
      fail(error);
    }
  }

  async commit(compares: readonly Compare[], changes: readonly Change[]): Promise<TxnAnswer> {
    const { txn } = methodsOf(KV);
    const { succeeded, header } = await this.#unary(txn, transactionOf(compares, changes), false).catch(fail);
    return { succeeded, revision: Number(header?.revision ?? 0n) };
  }

  watch(prefix: string, watcher: Watcher): Watch {
    const watch = new PrefixWatch(this.#connection, prefix, watcher, this.#random);
    this.#watches.add(watch);
    return {
      close: () => {
        this.#watches.delete(watch);
        watch.close();
      },
    };
  }

  async grantLease(ttlSeconds: number): Promise<Lease> {
    const { leaseGrant } = methodsOf(LeaseService);
    const answer = await this.#unary(leaseGrant, create(LeaseGrantRequestSchema, { TTL: BigInt(ttlSeconds) }), false).catch(fail);
    return { id: answer.ID.toString(), ttlSeconds: Number(answer.TTL) };
  }

  async keepLease(id: string): Promise<number> {
    const { leaseKeepAlive } = methodsOf(LeaseService);
    const request = create(LeaseKeepAliveRequestSchema, { ID: BigInt(id) });
    const answer = await this.#connection
      .call((channel, metadata, ms) => channel.exchange(leaseKeepAlive, request, metadata, ms), { repeatable: true, deadlineMs: KEEP_MS })
      .catch(fail);
    if (answer.TTL <= 0n) throw new StoreError("not-found", `lease ${id} has ended`);
    return Number(answer.TTL);
  }

  async revokeLease(id: string): Promise<void> {
    const { leaseRevoke } = methodsOf(LeaseService);
    await this.#unary(leaseRevoke, create(LeaseRevokeRequestSchema, { ID: BigInt(id) }), false).catch(fail);
  }

  async do<Name extends ManagerOperation>(name: Name, input: Asked<Name>): Promise<Answer<Name>> {
    const request = create(DoRequestSchema, { operation: name, inputJson: bytesOf(JSON.stringify(input)) });
    const { outputJson } = await this.#unary(methodsOf(Control).do, request, REPEATABLE.has(name), OPERATION_MS, true).catch(failOperation);
    return JSON.parse(textOf(outputJson));
  }

  refresh(): void {
    this.#connection.refresh();
    for (const watch of this.#watches) watch.restart();
  }

  close(): void {
    for (const watch of this.#watches) watch.close();
    this.#connection.close();
  }

  #range(request: RangeRequest) {
    return this.#unary(methodsOf(KV).range, request, true);
  }

  #unary<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    repeatable: boolean,
    deadlineMs?: number,
    patient?: boolean,
  ): Promise<Response> {
    const options = { repeatable, deadlineMs, patient };
    return this.#connection.call((channel, metadata, ms) => channel.unary(method, request, metadata, ms), options);
  }
}

function fail(error: unknown): never {
  throw storeError(error);
}

/** A manager that did not do it says why in a line of its own. */
function failOperation(error: unknown): never {
  if (!isStatus(error) || isAway(error) || error.code === status.UNAUTHENTICATED || error.code === status.PERMISSION_DENIED) fail(error);
  const Kind = error.code === status.INVALID_ARGUMENT ? UsageError : OperationError;
  throw new Kind(detailsOf(error), { cause: error });
}
