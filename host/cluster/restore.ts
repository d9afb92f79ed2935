// `weft restore`: a backup becomes a manager's state directory; its entries go into the store (embedded, or an etcd) when the manager is next
// started (bootstrap.ts). The cluster gets a new id, so that nobody takes it for the old one, should that still run somewhere; the CA stays, so
// that nodes' certificates are good in it. Main thread.

import { newId } from "../model/cluster/ids.ts";
import { CLUSTER_KEY, nodeKey, RESTORING_KEY, ROOT } from "../model/cluster/keys.ts";
import { type ClusterRecord, type NodeRecord, RESTORING_SECONDS, rewrite } from "../model/cluster/records.ts";
import type { Change, Store } from "../model/cluster/store.ts";
import { messageOf, OperationError } from "../model/errors.ts";
import { hostsOf } from "./admission.ts";
import { type Backup, readBackup } from "./backup.ts";
import { Authority } from "./ca.ts";
import { makeRequest } from "./certificate.ts";
import type { NodeState, StateDir } from "./state-dir.ts";

/** The node may have started that often since the backup. */
const STARTS_SINCE = 1_000_000;
/** etcd takes 128 operations and 1.5 MiB in a transaction. */
const CHANGES_MAX = 100;
const CHARACTERS_MAX = 400_000;

/** Answers who this host is from now on. Throws OperationError. */
export async function restore(file: string, state: StateDir, now: number): Promise<NodeState> {
  if (!state.unused()) throw new OperationError(`state directory ${state.path}: not empty: a backup is restored into an empty one`);
  const { head, lines } = readBackup(file);
  const clusterId = newId();
  const node: NodeState = { ...head.node, clusterId, incarnation: head.node.incarnation + STARTS_SINCE, founding: true };
  // All of it is made before any of it is written: what another has put into a file that turns out to be no good, a key for instance, shall not stay here.
  const { certificate, restored } = await made({ head, lines }, clusterId, now).catch((error) => {
    throw new OperationError(`${file}: cannot be restored: ${messageOf(error)}`, { cause: error });
  });
  state.writeAuthority(head.authority);
  state.writeAuthorityKey(head.authorityKey);
  state.writeKey(head.key);
  state.writeCertificate(certificate);
  state.writeRestored(restored);
  state.writeNode(node);
  return node;
}

async function made({ head, lines }: Backup, clusterId: string, now: number): Promise<{ certificate: string; restored: string }> {
  const authority = await Authority.load(head.authority, head.authorityKey);
  const holder = { nodeId: head.node.id, clusterId, role: "manager" as const, hosts: hostsOf(managerOf(head.node, lines)) };
  const certificate = await authority.issue(await makeRequest(head.key), holder, now);
  return { certificate, restored: lines.map((line) => withNewCluster(line, clusterId)).join("\n") };
}

function withNewCluster(line: string, id: string): string {
  if (!line.startsWith(`["${CLUSTER_KEY}"`)) return line;
  const [key, value]: [string, string] = JSON.parse(line);
  const { id: restoredFrom }: ClusterRecord = JSON.parse(value);
  return JSON.stringify([key, rewrite<ClusterRecord>(value, { id, restoredFrom })]);
}

/** Where the manager is reached, by its record; by its state directory, if it has none. */
function managerOf({ id, vtep, managers }: NodeState, lines: readonly string[]): Pick<NodeRecord, "vtep" | "manager"> {
  const line = lines.find((text) => text.startsWith(`["${nodeKey(id)}"`));
  return line ? JSON.parse(JSON.parse(line)[1]) : { vtep, manager: managers[0] ?? null };
}

/**
 * Puts the lines of a backup into a store without a cluster, the cluster's record last: before it, whatever is there is of a load cut short.
 * What the backup has too is put over, not deleted first: a manager whose own record goes, even for a moment, is one that was removed.
 */
export async function loadEntries(store: Store, text: string): Promise<void> {
  const entries = text.split("\n").map((line): [string, string] => JSON.parse(line));
  const keys = new Set([RESTORING_KEY, ...entries.map(([key]) => key)]);
  const stale = (await store.list(ROOT, { keysOnly: true })).entries.filter(({ key }) => !keys.has(key));
  const puts = entries.map(([put, value]) => ({ put, value }));
  const [last, others] = [puts.filter(({ put }) => put === CLUSTER_KEY), puts.filter(({ put }) => put !== CLUSTER_KEY)];
  const { id: lease } = await store.grantLease(RESTORING_SECONDS);
  const restoring = { put: RESTORING_KEY, value: "", lease };
  for (const changes of inTransactions([...stale.map(({ key }) => ({ delete: key })), ...others, restoring, ...last])) {
    const { succeeded } = await store.commit([{ key: CLUSTER_KEY, is: "absent" }], changes);
    if (!succeeded) throw new OperationError("another cluster was put into the store meanwhile");
  }
}

function inTransactions(all: ({ put: string; value: string; lease?: string } | { delete: string })[]): Change[][] {
  const transactions: Change[][] = [];
  let changes: Change[] = [];
  let characters = 0;
  for (const change of all) {
    const size = "put" in change ? change.put.length + change.value.length : change.delete.length;
    if (changes.length === 0 || changes.length === CHANGES_MAX || characters + size > CHARACTERS_MAX) {
      changes = [];
      characters = 0;
      transactions.push(changes);
    }
    changes.push(change);
    characters += size;
  }
  return transactions;
}
