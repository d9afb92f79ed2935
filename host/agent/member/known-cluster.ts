// What a node needs of its cluster before anything else: the data port, and the secret that probes are signed with. Asked of a manager, and kept in
// the state directory for a start without one. Main thread.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "../../cluster/replace-file.ts";
import { CLUSTER_KEY, PROBE_SECRET_KEY } from "../../model/cluster/keys.ts";
import type { ClusterRecord, SecretRecord } from "../../model/cluster/records.ts";
import { type Store, StoreError } from "../../model/cluster/store.ts";
import { OperationError } from "../../model/errors.ts";
import { CLUSTER_FILE } from "./state-files.ts";

export interface KnownCluster {
  record: ClusterRecord;
  probe: SecretRecord;
}

const MODE = 0o600;

/** Answers it, and why it is only what was known before, if that is so. Rejects with OperationError when it was never known. */
export async function knowCluster(store: Pick<Store, "get">, stateDir: string): Promise<{ known: KnownCluster; degraded: string | null }> {
  const file = join(stateDir, CLUSTER_FILE);
  try {
    const [record, probe] = await Promise.all([store.get(CLUSTER_KEY), store.get(PROBE_SECRET_KEY)]);
    if (record === null || probe === null) throw new OperationError("the store has no cluster");
    const known: KnownCluster = { record: JSON.parse(record.value), probe: JSON.parse(probe.value) };
    replaceFile(file, JSON.stringify(known), MODE);
    return { known, degraded: null };
  } catch (error) {
    if (!(error instanceof StoreError) || error.failure !== "unavailable") throw told(error);
    const known = read(file);
    if (known === null) throw told(error);
    return { known, degraded: error.message };
  }
}

function read(file: string): KnownCluster | null {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as KnownCluster;
  } catch {
    return null;
  }
}

function told(error: unknown): unknown {
  return error instanceof StoreError ? new OperationError(error.message, { cause: error }) : error;
}
