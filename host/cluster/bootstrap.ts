// `weft up`: makes a cluster, in two steps that a crash may cut anywhere. First the state directory (CA, certificate, node.json with
// `founding`), then, once the store is open, its records in it. A manager that comes back checks that the store is its cluster's. Main thread.

import { randomBytes } from "node:crypto";
import { newId } from "../model/cluster/ids.ts";
import { CLUSTER_KEY, MEMBERS_KEY, nodeKey, PROBE_SECRET_KEY, tokenKey } from "../model/cluster/keys.ts";
import type { ClusterRecord, NodeRecord, SecretRecord } from "../model/cluster/records.ts";
import type { Store } from "../model/cluster/store.ts";
import { withNewSecret } from "../model/cluster/token-record.ts";
import { messageOf, OperationError } from "../model/errors.ts";
import { hostsOf } from "./admission.ts";
import { Authority } from "./ca.ts";
import { isValid, makeRequest, newKey, publicKeyHash, readCertificate, type Subject } from "./certificate.ts";
import type { Issued } from "./identity.ts";
import { loadEntries } from "./restore.ts";
import type { NodeState, StateDir } from "./state-dir.ts";

const PROBE_SECRET_BYTES = 32;

export interface Founder {
  name: string;
  vtep: string;
  /** HOST:PORT where it serves. */
  manager: string;
  /** Milliseconds since 1970. */
  now: number;
}

export interface NewCluster {
  dataPort: number;
  pools: { base: string; size: number }[];
}

/** Makes this host, no member of any, the first manager of a new cluster. The store is not touched. */
export async function found(state: StateDir, { name, vtep, manager, now }: Founder): Promise<NodeState> {
  const [id, clusterId] = [newId(), newId()];
  const authority = await Authority.create(clusterId, now);
  const key = newKey();
  const holder = { nodeId: id, clusterId, role: "manager" as const, hosts: hostsOf({ vtep, manager }) };
  state.writeAuthority(authority.certificate);
  state.writeAuthorityKey(authority.key);
  state.writeKey(key);
  state.writeCertificate(await authority.issue(await makeRequest(key), holder, now));
  const node: NodeState = { id, name, clusterId, role: "manager", managers: [manager], vtep, incarnation: 0, founding: true };
  state.writeNode(node);
  return node;
}

/** `weft up`: the manager that this host is, or the first of a new cluster. Throws OperationError when it is a worker of one. */
export async function up(state: StateDir, founder: Founder): Promise<NodeState> {
  const node = state.node();
  if (node?.role === "worker") {
    throw new OperationError(
      `this host is node ${node.name}, a worker of cluster ${node.clusterId}: it comes back by \`weft join\`, or \`weft leave\` first`,
    );
  }
  if (!node) return found(state, founder);
  await certifyOwn(state, node, founder);
  return node;
}

/** That a manager's certificate has expired while it was off, is from the future, damaged, or of the cluster before a restore, keeps it from nothing. */
async function certifyOwn(state: StateDir, { id, clusterId }: NodeState, founder: Founder): Promise<void> {
  const [certificate, key] = [state.certificate(), state.key()];
  if (certificate === null || key === null) return; // Identity says what is missing
  if (isGood(certificate, clusterId, founder.now)) return;
  state.writeCertificate((await issueOwn(state, { nodeId: id, clusterId }, founder, await makeRequest(key))).certificate);
}

/** A manager's certificate for itself: it has the CA's key, and needs nobody who answers. Throws OperationError. */
export async function issueOwn(
  state: StateDir,
  own: Pick<Subject, "nodeId" | "clusterId">,
  { vtep, manager, now }: Omit<Founder, "name">,
  request: Uint8Array,
): Promise<Issued> {
  const authority = await loadAuthority(state);
  const holder = { ...own, role: "manager" as const, hosts: hostsOf({ vtep, manager }) };
  return { certificate: await authority.issue(request, holder, now), authority: authority.certificate };
}

function isGood(certificate: string, clusterId: string, now: number): boolean {
  try {
    const facts = readCertificate(certificate);
    return facts.clusterId === clusterId && isValid(facts, now);
  } catch {
    return false;
  }
}

/** Of a manager's state directory. Throws OperationError. */
export async function loadAuthority(state: StateDir): Promise<Authority> {
  const [certificate, key] = [state.authority(), state.authorityKey()];
  if (certificate === null || key === null) throw new OperationError(`state directory ${state.path}: ca.pem or ca.key is missing`);
  try {
    return await Authority.load(certificate, key);
  } catch (error) {
    throw new OperationError(`state directory ${state.path}: ca.pem or ca.key: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * A manager meets its store: an empty one gets the records of a cluster that was founded or restored here; any other must be of this cluster.
 * Answers the cluster's record. Throws OperationError, or StoreError when the store does not answer.
 */
export async function enterStore(store: Store, state: StateDir, create: NewCluster, now: number): Promise<ClusterRecord> {
  const node = state.node();
  if (!node) throw new OperationError(`state directory ${state.path}: this host is no member`);
  const there = await clusterIn(store);
  if (!node.founding) {
    if (!there) throw emptyStore(node);
    return recognise(there, node, state);
  }
  const restored = state.restored();
  if (!there && restored !== null) await loadEntries(store, restored);
  else if (!there) await writeFirst(store, state, node, create, now);
  const record = await clusterIn(store);
  if (record?.id !== node.clusterId) {
    // What was founded for nothing does not make this host a member; a restore can be tried with another store.
    if (restored === null) state.forget();
    throw alreadyThere(record);
  }
  const { founding: _, ...settled } = node;
  state.writeNode(settled);
  state.removeRestored();
  return record;
}

async function clusterIn(store: Store): Promise<ClusterRecord | null> {
  const entry = await store.get(CLUSTER_KEY);
  return entry && JSON.parse(entry.value);
}

async function writeFirst(store: Store, state: StateDir, node: NodeState, { dataPort, pools }: NewCluster, now: number): Promise<void> {
  const at = new Date(now).toISOString();
  const cluster: ClusterRecord = { id: node.clusterId, createdAt: at, dataPort, pools };
  const probe: SecretRecord = { key: randomBytes(PROBE_SECRET_BYTES).toString("base64") };
  const first: NodeRecord = {
    id: node.id,
    name: node.name,
    role: "manager",
    availability: "active",
    vtep: node.vtep,
    manager: node.managers[0],
    joinedAt: at,
    deadSince: null,
    key: publicKeyHash(state.key() ?? ""),
  };
  const records: [string, object | number][] = [
    [CLUSTER_KEY, cluster],
    [tokenKey("worker"), withNewSecret(null)],
    [tokenKey("manager"), withNewSecret(null)],
    [PROBE_SECRET_KEY, probe],
    [nodeKey(node.id), first],
    [MEMBERS_KEY, 1],
  ];
  // Who comes second changes nothing, and sees the other's cluster.
  await store.commit(
    [{ key: CLUSTER_KEY, is: "absent" }],
    records.map(([put, record]) => ({ put, value: JSON.stringify(record) })),
  );
}

/** The store's cluster is the node's, or was made of a backup of it. */
function recognise(there: ClusterRecord, node: NodeState, state: StateDir): ClusterRecord {
  if (there.id === node.clusterId) return there;
  if (there.restoredFrom !== node.clusterId) {
    throw new OperationError(`the store is of cluster ${there.id}, and this host is a manager of cluster ${node.clusterId}`);
  }
  state.writeNode({ ...node, clusterId: there.id });
  return there;
}

function emptyStore({ clusterId }: NodeState): OperationError {
  return new OperationError(
    `the store is empty, and this host is a manager of cluster ${clusterId}: restore a backup, or \`weft leave --force\` and begin anew`,
  );
}

function alreadyThere(record: ClusterRecord | null): OperationError {
  const whose = record ? `of cluster ${record.id}` : "another's";
  return new OperationError(`the store is ${whose} already: join it with a manager's token (\`weft join --token … HOST:PORT\`)`);
}
