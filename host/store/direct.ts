// The store as a manager itself uses it for operations: reads and transactions go to its backend as function calls. Through its own front, as an agent, each would be
// a call over TLS to the same thread, and an endpoint takes seven. Watches and leases are few: they go the usual way. Main thread.

import { create } from "@bufbuild/protobuf";
import type { Store } from "../model/cluster/store.ts";
import type { Backend } from "./backend.ts";
import { listAll, pagesOf } from "./client/pages.ts";
import { storeError } from "./client/reasons.ts";
import { DEADLINE_MS } from "./client/store.ts";
import { bytesOf, entryOf, transactionOf } from "./client/translate.ts";
import { type RangeRequest, RangeRequestSchema } from "./generated/rpc_pb.js";
import { inTime } from "./in-time.ts";

/** `client`: of this manager, with all rights, as this has. Neither is closed with it. */
export function directStore(backend: Pick<Backend, "range" | "txn" | "trouble">, client: Store): Store {
  const range = (request: RangeRequest) => inTime(backend, backend.range(request), DEADLINE_MS);
  return {
    async get(key) {
      const { kvs } = await range(create(RangeRequestSchema, { key: bytesOf(key) })).catch(fail);
      return kvs.length > 0 ? entryOf(kvs[0]) : null;
    },
    async list(prefix, { keysOnly = false } = {}) {
      const { revision, entries } = await listAll(range, prefix, keysOnly).catch(fail);
      return { revision, entries };
    },
    async *pages(prefix, options) {
      try {
        yield* pagesOf(range, prefix, options);
      } catch (error) {
        fail(error);
      }
    },
    async commit(compares, changes) {
      const { succeeded, header } = await inTime(backend, backend.txn(transactionOf(compares, changes)), DEADLINE_MS).catch(fail);
      return { succeeded, revision: Number(header?.revision ?? 0n) };
    },
    watch: (prefix, watcher) => client.watch(prefix, watcher),
    grantLease: (ttlSeconds) => client.grantLease(ttlSeconds),
    keepLease: (id) => client.keepLease(id),
    revokeLease: (id) => client.revokeLease(id),
    close: () => {},
  };
}

function fail(error: unknown): never {
  throw storeError(error);
}
