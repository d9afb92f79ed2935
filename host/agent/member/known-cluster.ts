// What a node needs of its cluster before anything else: the data port, and the secret that probes are signed with. Kept in the state directory, so that
// a member forwards at once when it comes back, and hears from a manager meanwhile whether that still holds. Main thread.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CLUSTER_KEY, PROBE_SECRET_KEY } from "../../model/cluster/keys.ts";
import type { ClusterRecord, SecretRecord } from "../../model/cluster/records.ts";
import { type Store, StoreError } from "../../model/cluster/store.ts";
import { OperationError } from "../../model/errors.ts";
import { replaceFile } from "../../sys/replace-file.ts";
import { CLUSTER_FILE } from "./state-files.ts";

export interface KnownCluster {
  record: ClusterRecord;
  probe: SecretRecord;
}

/**
 * Answers it: as it was kept, or as a manager has it. `degraded` is why no manager has confirmed it, or null; it rejects with OperationError when one says
 * that it is otherwise, or that this node is no member any more. Rejects with OperationError when it was never known and cannot be asked for.
 */
export async function knowCluster(
  store: Pick<Store, "get">,
  stateDir: string,
): Promise<{ known: KnownCluster; degraded: Promise<string | null> }> {
  const file = join(stateDir, CLUSTER_FILE);
  const kept = read(file);
  const asked = ask(store, file);
  if (kept === null) return { known: await asked.catch(refuse), degraded: Promise.resolve(null) };
  const degraded = asked.then(
    (now) => confirm(kept, now),
    (error) => (error instanceof StoreError && error.failure === "unavailable" ? error.message : refuse(error)),
  );
  degraded.catch(() => {}); // whoever it is for may have failed before
  return { known: kept, degraded };
}

async function ask(store: Pick<Store, "get">, file: string): Promise<KnownCluster> {
  const [record, probe] = await Promise.all([store.get(CLUSTER_KEY), store.get(PROBE_SECRET_KEY)]);
  if (record === null || probe === null) throw new OperationError("the store has no cluster");
  const known: KnownCluster = { record: JSON.parse(record.value), probe: JSON.parse(probe.value) };
  replaceFile(file, JSON.stringify(known));
  return known;
}

function confirm(kept: KnownCluster, now: KnownCluster): null {
  if (kept.record.dataPort === now.record.dataPort && kept.probe.key === now.probe.key) return null;
  throw new OperationError("the cluster has another data port or another secret for probes than this host knew: start weft again");
}

function read(file: string): KnownCluster | null {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as KnownCluster;
  } catch {
    return null;
  }
}

function refuse(error: unknown): never {
  throw error instanceof StoreError ? new OperationError(error.message, { cause: error }) : error;
}
