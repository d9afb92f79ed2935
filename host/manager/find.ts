// What a person's word means: a network or node by id, by name, or by the beginning of an id when only one begins so. Main thread.

import { NETWORK_NAMES, NETWORKS, NODES, networkKey, networkNameKey } from "../model/cluster/keys.ts";
import type { NetworkRecord, NodeRecord } from "../model/cluster/records.ts";
import type { Store } from "../model/cluster/store.ts";
import { OperationError } from "../model/errors.ts";
import { didYouMean } from "../model/near.ts";
import { read, readAll, type Stored } from "./context.ts";

/** Throws OperationError. */
export async function findNetwork(store: Store, reference: string): Promise<Stored<NetworkRecord>> {
  const found = await findNetworkOrNone(store, reference);
  if (found) return found;
  const { entries } = await store.list(NETWORK_NAMES, { keysOnly: true });
  const names = entries.map(({ key }) => key.slice(NETWORK_NAMES.length));
  throw new OperationError(`network ${reference} not found${didYouMean(reference, names)}`);
}

/** null when there is none; an ambiguous beginning is an OperationError. */
export async function findNetworkOrNone(store: Store, reference: string): Promise<Stored<NetworkRecord> | null> {
  // The two usual ways first, and without reading all.
  const [byId, name] = await Promise.all([read<NetworkRecord>(store, networkKey(reference)), store.get(networkNameKey(reference))]);
  if (byId) return byId;
  if (name) return read<NetworkRecord>(store, networkKey(name.value));
  const { entries } = await store.list(NETWORKS, { keysOnly: true });
  const ids = entries.map(({ key }) => key.slice(NETWORKS.length));
  const id = onlyBeginning("network", reference, ids);
  return id === null ? null : read<NetworkRecord>(store, networkKey(id));
}

/** Throws OperationError. */
export async function findNode(store: Store, reference: string): Promise<Stored<NodeRecord>> {
  return nodeAmong(await readAll<NodeRecord>(store, NODES), reference);
}

/** Throws OperationError. */
export function nodeAmong(nodes: readonly Stored<NodeRecord>[], reference: string): Stored<NodeRecord> {
  const exact = nodes.find(({ record }) => record.id === reference) ?? nodes.find(({ record }) => record.name === reference);
  if (exact) return exact;
  const ids = nodes.map(({ record }) => record.id);
  const id = onlyBeginning("node", reference, ids);
  const found = nodes.find(({ record }) => record.id === id);
  if (found) return found;
  const names = nodes.map(({ record }) => record.name);
  throw new OperationError(`node ${reference} not found${didYouMean(reference, names)}`);
}

function onlyBeginning(what: string, beginning: string, ids: string[]): string | null {
  const matches = ids.filter((id) => id.startsWith(beginning));
  if (matches.length > 1) throw new OperationError(`${what} ${beginning} is ambiguous: ${matches.length} ids begin so`);
  return matches[0] ?? null;
}
