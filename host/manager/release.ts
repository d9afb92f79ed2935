// Endpoints that go: their record and MAC address at once, their addresses into a rest, each endpoint whole or not at all. Main thread.

import { addressKey, macKey, NETWORKS, nodeEndpoints } from "../model/cluster/keys.ts";
import type { AddressRecord, EndpointRecord } from "../model/cluster/records.ts";
import type { Change, Compare, Store } from "../model/cluster/store.ts";
import { type Context, read, type Stored, unchanged, untilDone } from "./context.ts";
import type { Rest } from "./rest-lease.ts";

/** Each is four changes at most (record, MAC address, two addresses), and a transaction has 128. */
const ENDPOINTS_A_TRANSACTION = 24;

interface Release {
  compares: Compare[];
  changes: Change[];
}

/** What frees an endpoint, as it stands now. Whatever is no longer its own is left alone. */
export async function releaseOf(store: Store, endpoint: Stored<EndpointRecord>, { lease, until }: Rest): Promise<Release> {
  const { id, network, mac, addresses } = endpoint.record;
  const [macEntry, ...owned] = await Promise.all([
    store.get(macKey(network, mac)),
    ...addresses.map((cidr) => read<AddressRecord>(store, addressKey(network, cidr.split("/")[0]))),
  ]);
  const compares: Compare[] = [unchanged(endpoint)];
  const changes: Change[] = [{ delete: endpoint.key }];
  if (macEntry?.value === id) {
    compares.push(unchanged(macEntry));
    changes.push({ delete: macEntry.key });
  }
  const resting: AddressRecord = { endpoint: null, node: null, restingMac: mac, restingUntil: until };
  for (const address of owned) {
    if (address?.record.endpoint !== id) continue;
    compares.push(unchanged(address));
    changes.push({ put: address.key, value: JSON.stringify(resting), lease });
  }
  return { compares, changes };
}

/** Frees all endpoints of a node, a bounded number at a time; `unless` is compared with each. Answers how many, null once `unless` did not hold. */
export async function releaseNode({ store, rest }: Context, node: string, unless: readonly Compare[]): Promise<number | null> {
  let freed = 0;
  const { entries: networks } = await store.list(NETWORKS, { keysOnly: true });
  for (const { key: network } of networks) {
    const { entries } = await store.list(nodeEndpoints(network.slice(NETWORKS.length), node), { keysOnly: true });
    for (let first = 0; first < entries.length; first += ENDPOINTS_A_TRANSACTION) {
      const keys = entries.slice(first, first + ENDPOINTS_A_TRANSACTION).map(({ key }) => key);
      const done = await untilDone(`node ${node}`, () => rest.with((lease) => releaseBatch(store, keys, lease, unless)));
      if (!done) return null;
      freed += keys.length;
    }
  }
  return freed;
}

/** null = an endpoint has changed meanwhile; false = `unless` does not hold. */
async function releaseBatch(store: Store, keys: readonly string[], rest: Rest, unless: readonly Compare[]): Promise<boolean | null> {
  const endpoints = (await Promise.all(keys.map((key) => read<EndpointRecord>(store, key)))).filter((endpoint) => endpoint !== null);
  const releases = await Promise.all(endpoints.map((endpoint) => releaseOf(store, endpoint, rest)));
  if (releases.length === 0) return true;
  const { succeeded } = await store.commit(
    [...unless, ...releases.flatMap(({ compares }) => compares)],
    releases.flatMap(({ changes }) => changes),
  );
  if (succeeded) return true;
  return (await holds(store, unless)) ? null : false;
}

async function holds(store: Store, compares: readonly Compare[]): Promise<boolean> {
  return compares.length === 0 || (await store.commit(compares, [])).succeeded;
}
