// Whether this node runs on another host at this moment: then the state directory here is a copy of that one's, and there would be two of it. A node
// that comes back with another address looks the same for as long as its last lease lasts. Main thread.

import { setTimeout as delay } from "node:timers/promises";
import { aliveKey, nodeKey } from "../../model/cluster/keys.ts";
import { ALIVE_TTL_SECONDS, type NodeRecord } from "../../model/cluster/records.ts";
import { type Store, StoreError } from "../../model/cluster/store.ts";
import { OperationError } from "../../model/errors.ts";

/** A lease's length, and some for a store that is slow to end it. */
const LEASE_MS = ALIVE_TTL_SECONDS * 1000 + 3000;
const LOOK_MS = 500;

interface Here {
  id: string;
  vtep: string;
  stateDir: string;
}

/** Rejects with OperationError that names the other address. Without a manager nobody knows. */
export async function refuseElsewhere(store: Pick<Store, "get">, { id, vtep, stateDir }: Here, leaseMs = LEASE_MS): Promise<void> {
  const end = performance.now() + leaseMs;
  try {
    for (;;) {
      const [node, alive] = await Promise.all([store.get(nodeKey(id)), store.get(aliveKey(id))]);
      if (node === null || alive === null) return;
      const record: NodeRecord = JSON.parse(node.value);
      if (record.vtep === vtep) return;
      if (performance.now() >= end) {
        throw new OperationError(
          `node ${record.name} runs at ${record.vtep}: state directory ${stateDir} is a copy of that host's; remove it and join anew`,
        );
      }
      await delay(LOOK_MS);
    }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
  }
}
