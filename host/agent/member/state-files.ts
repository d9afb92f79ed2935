// What an agent keeps in its state directory besides its membership (host/cluster/state-dir.ts). Main thread.

import { rmSync } from "node:fs";
import { join } from "node:path";

export const STORE_FILE = "store.db";
export const PLAN_FILE = "plan.json";
export const PORTS_FILE = "ports.json";
export const CLUSTER_FILE = "cluster.json";
export const NODES_FILE = "nodes.json";
export const ENDPOINTS = "endpoints";
export const CONTAINERS = "containers";

/** SQLite's own beside the store. */
const STORE_FILES = ["", "-wal", "-shm", "-journal"].map((suffix) => `${STORE_FILE}${suffix}`);

/** Of a host that has left: nothing of it may be taken for another cluster's. What is not an agent's stays. */
export function removeStateFiles(stateDir: string): void {
  for (const name of [...STORE_FILES, PLAN_FILE, PORTS_FILE, CLUSTER_FILE, NODES_FILE, ENDPOINTS, CONTAINERS])
    rmSync(join(stateDir, name), { recursive: true, force: true });
}
