// Who may do what at a manager's front: one table of keys and one of calls. docs/cluster-rights.md is made from them, and
// test/contract/store/authorised.test.ts tries every cell. (Operations: host/manager/roles.ts.) A manager may do everything: it has the store's credentials and the CA's key anyway.
// What a worker may do is what an agent needs. Pure. Main thread.

import {
  ADDRESSES,
  ALIVE,
  CLUSTER_KEY,
  ENDPOINTS,
  MACS,
  MEMBERS_KEY,
  NETWORK_NAMES,
  NETWORK_REMOVALS,
  NETWORKS,
  NODES,
  POOLS_KEY,
  PROBE_SECRET_KEY,
  REPORTS,
  RESTORING_KEY,
  TOKENS,
  VNIS,
} from "../model/cluster/keys.ts";
import type { Role } from "../model/cluster/records.ts";

/** Who calls, by its certificate. */
export interface Caller {
  nodeId: string;
  role: Role;
}

export type Access = "read" | "write";
/** Which of the keys a worker may: all, none, or the one that ends in its own id. */
export type Whose = "all" | "own" | "none";

export interface KeyRight {
  /** A key, or what a kind of keys begins with. */
  keys: string;
  /** Whether `keys` is one key, and not a beginning. */
  one: boolean;
  read: Whose;
  write: Whose;
  why: string;
}

/** Of workers. A key that is in no row is nobody's but managers'. */
export const KEY_RIGHTS: readonly KeyRight[] = [
  { keys: CLUSTER_KEY, one: true, read: "all", write: "none", why: "every agent needs the data port and the cluster's id" },
  { keys: RESTORING_KEY, one: true, read: "all", write: "none", why: "before that is over, a node gives up nothing that it has" },
  { keys: TOKENS, one: false, read: "none", write: "none", why: "whoever has a token can join, as a manager with the manager's" },
  { keys: PROBE_SECRET_KEY, one: true, read: "all", write: "none", why: "every agent signs its probes and checks those of others" },
  { keys: NODES, one: false, read: "all", write: "none", why: "names and VTEPs of all nodes" },
  { keys: MEMBERS_KEY, one: true, read: "none", write: "none", why: "only managers write nodes" },
  { keys: ALIVE, one: false, read: "all", write: "own", why: "a node says itself that it lives, and nobody else does" },
  { keys: REPORTS, one: false, read: "all", write: "own", why: "a node says itself what its host is like" },
  { keys: NETWORKS, one: false, read: "all", write: "none", why: "networks are known on all nodes at once" },
  { keys: NETWORK_NAMES, one: false, read: "all", write: "none", why: "as networks" },
  { keys: NETWORK_REMOVALS, one: false, read: "none", write: "none", why: "only managers remove networks" },
  { keys: VNIS, one: false, read: "all", write: "none", why: "as networks" },
  { keys: POOLS_KEY, one: true, read: "none", write: "none", why: "only managers give out subnets" },
  { keys: ENDPOINTS, one: false, read: "all", write: "none", why: "forwarding tables are made of them" },
  { keys: ADDRESSES, one: false, read: "all", write: "none", why: "as endpoints" },
  { keys: MACS, one: false, read: "all", write: "none", why: "as endpoints" },
];

/** What else etcd's API has, for workers. `own`: only leases that the node was given itself. */
export const CALL_RIGHTS = {
  leaseGrant: { call: "Lease/LeaseGrant", may: "own", why: "the front chooses the id; with an id of the worker's choice it is refused" },
  leaseKeepAlive: { call: "Lease/LeaseKeepAlive", may: "own", why: "others' leases are others' lives" },
  leaseRevoke: { call: "Lease/LeaseRevoke", may: "own", why: "others' leases are others' lives" },
  leaseTimeToLive: { call: "Lease/LeaseTimeToLive", may: "own", why: "it tells the keys of a lease" },
  leaseLeases: { call: "Lease/LeaseLeases", may: "none", why: "it tells the leases of all" },
  compact: { call: "KV/Compact", may: "none", why: "it makes others' watches begin anew" },
  status: { call: "Maintenance/Status", may: "all", why: "whether a store is behind the manager" },
  memberList: { call: "Cluster/MemberList", may: "none", why: "where the store is, only managers need to know" },
} as const satisfies Record<string, { call: string; may: Whose; why: string }>;

const KEY_ROWS = KEY_RIGHTS.map((right) => ({ ...right, from: Buffer.from(right.keys), to: after(right.keys, right.one) }));

/** The first key (as bytes) that is no longer covered: of one key, or of all that begin so. The last byte of `keys` is ASCII. */
function after(keys: string, one: boolean): Buffer {
  const bytes = Buffer.from(one ? `${keys}\0` : keys);
  if (!one) bytes[bytes.length - 1]++;
  return bytes;
}

/**
 * Whether a caller may read or write every key from `key` up to `rangeEnd` (as etcd has it: empty = the one key, a zero byte = all from `key`
 * on). A worker's range must lie within one row of the table.
 */
export function mayTouch(caller: Caller, access: Access, key: Uint8Array, rangeEnd: Uint8Array): boolean {
  if (caller.role === "manager") return true;
  const row = KEY_ROWS.find(({ from, to }) => Buffer.compare(from, key) <= 0 && Buffer.compare(key, to) < 0);
  if (!row) return false;
  const whose = row[access];
  if (whose === "own") return rangeEnd.length === 0 && Buffer.from(row.keys + caller.nodeId).equals(key);
  if (rangeEnd.length === 0) return whose === "all";
  const openEnded = rangeEnd.length === 1 && rangeEnd[0] === 0;
  return whose === "all" && !openEnded && Buffer.compare(rangeEnd, row.to) <= 0;
}
