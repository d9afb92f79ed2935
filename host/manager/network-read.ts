// `network ls` and `network inspect`: asked of the store alone, by any agent. A network may have a hundred thousand endpoints, so what is known of
// one is read a page at a time, and again where it is told a second time, instead of being held. Main thread.

import { AddressSet } from "../ipam/address-set.ts";
import { parseAddress } from "../ipam/block.ts";
import type { Answer, NetworkResource, Refused } from "../model/cluster/answers.ts";
import { booleanFilter, hasLabels, isOneOf, judgeNetworkFilters, matchesOneOf } from "../model/cluster/filters.ts";
import { ADDRESSES, ENDPOINTS, NETWORKS, NODES, networkAddresses, networkEndpoints, partsOf, REPORTS } from "../model/cluster/keys.ts";
import type { Checked } from "../model/cluster/operations.ts";
import type { AddressRecord, EndpointRecord, NetworkRecord, NodeRecord, ReportRecord } from "../model/cluster/records.ts";
import type { Entry, PagesOptions, Store } from "../model/cluster/store.ts";
import { type Family, familyOf } from "../model/ip.ts";
import { LazyJson, lazyList, lazyMap, lazyObjects } from "../model/lazy-json.ts";
import { OVERLAY_MTU_MAX, overheadBytes } from "../model/mtu.ts";
import { readAll } from "./context.ts";
import { oneByOne } from "./each-named.ts";
import { findNetwork } from "./find.ts";
import { containerOf, networkResource, peersOf, statusOf } from "./network-resource.ts";

export async function listNetworks(store: Store, { filters }: Checked<"network.ls">): Promise<Answer<"network.ls">> {
  judgeNetworkFilters(filters);
  const dangling = booleanFilter(filters, "dangling");
  const networks = (await readAll<NetworkRecord>(store, NETWORKS)).map(({ record }) => record);
  const used = dangling === null ? null : await usedNetworks(store);
  return networks
    .filter(
      (network) =>
        isOneOf(filters.driver, "overlay") &&
        isOneOf(filters.scope, "global") &&
        // All are made by users.
        isOneOf(filters.type, "custom") &&
        matchesOneOf(filters.id, network.id) &&
        matchesOneOf(filters.name, network.name) &&
        hasLabels(filters.label, network.labels) &&
        (used === null || used.has(network.id) !== dangling),
    )
    .map(networkResource)
    .sort((a, b) => (a.Name < b.Name ? -1 : 1));
}

/** Networks that have an endpoint. */
export async function usedNetworks(store: Store): Promise<Set<string>> {
  const used = new Set<string>();
  for await (const { entries } of store.pages(ENDPOINTS, { keysOnly: true }))
    for (const { key } of entries) used.add(partsOf(key, ENDPOINTS)[0]);
  return used;
}

/** A store that fails while it is read ends the reading. */
export async function inspectNetworks(store: Store, input: Checked<"network.inspect">): Promise<LazyJson<Answer<"network.inspect">>> {
  const nodes = new Map((await readAll<NodeRecord>(store, NODES)).map(({ record }) => [record.id, record]));
  const refused: Refused[] = [];
  const one = async (name: string) => inspected(store, (await findNetwork(store, name)).record, nodes, input.verbose);
  return new LazyJson({ found: lazyObjects(oneByOne(input.names, one, refused)), refused: () => refused });
}

/** A NetworkResource that is read while it is written, all of it of one revision. */
function inspected(store: Store, network: NetworkRecord, nodes: ReadonlyMap<string, NodeRecord>, verbose: boolean): object {
  const at: PagesOptions = {};
  const holders = new Set<string>();
  const endpoints = async function* () {
    for await (const { revision, entries } of store.pages(networkEndpoints(network.id), at)) {
      at.revision = revision;
      yield entries.map(({ value }) => JSON.parse(value) as EndpointRecord);
    }
  };
  const containers = async function* () {
    for await (const batch of endpoints())
      yield batch.map((endpoint) => {
        holders.add(endpoint.node);
        return containerOf(endpoint, nodes.get(endpoint.node));
      });
  };
  const resting = async function* () {
    for await (const { entries } of store.pages(networkAddresses(network.id), at)) yield entries.filter(isResting).map(ipOf);
  };
  const more = {
    Vni: network.vni,
    Mtu: async () => network.mtu ?? (await smallestMtu(store, nodes)),
    Endpoints: lazyList(endpoints()),
    Resting: lazyList(resting()),
  };
  // In the order of a NetworkResource's fields: what follows from all endpoints stands behind them.
  return {
    ...networkResource(network),
    Containers: lazyMap(containers()),
    Peers: () => peersOf(holders, nodes),
    Status: async () => statusOf(network, await takenIn(store, network.id, at)),
    Verbose: verbose ? more : undefined,
  } satisfies Record<keyof NetworkResource, unknown>;
}

async function takenIn(store: Store, network: string, at: PagesOptions): Promise<Record<Family, AddressSet>> {
  const taken = { 4: new AddressSet(), 6: new AddressSet() };
  for await (const { entries } of store.pages(networkAddresses(network), { ...at, keysOnly: true }))
    for (const entry of entries) {
      const { family, value } = parseAddress(ipOf(entry));
      taken[family].add(value);
    }
  return taken;
}

const ipOf = ({ key }: Entry): string => partsOf(key, ADDRESSES)[1];
const isResting = ({ value }: Entry): boolean => (JSON.parse(value) as AddressRecord).endpoint === null;

/** What every node's underlay carries; null when none has said. */
async function smallestMtu(store: Store, nodes: ReadonlyMap<string, NodeRecord>): Promise<number | null> {
  const reports = await readAll<ReportRecord>(store, REPORTS);
  const mtus = reports.flatMap(({ key, record }) => {
    const node = nodes.get(key.slice(REPORTS.length));
    return node ? [record.underlayMtu - overheadBytes(familyOf(node.vtep))] : [];
  });
  return mtus.length === 0 ? null : Math.min(...mtus, OVERLAY_MTU_MAX);
}
