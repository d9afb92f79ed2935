// `network ls` and `network inspect`: asked of the store alone, by any agent. A network may have a hundred thousand endpoints, so what is known of
// one is read a page at a time, and endpoints again where they are told a second time, instead of being held; what rests is of the last minute. Main thread.

import { AddressSet } from "../ipam/address-set.ts";
import { parseAddress } from "../ipam/block.ts";
import type { Answer, NetworkResource, Refused } from "../model/cluster/answers.ts";
import { booleanFilter, hasLabels, isOneOf, judgeNetworkFilters, matchesOneOf } from "../model/cluster/filters.ts";
import { ADDRESSES, ENDPOINTS, NETWORKS, NODES, networkAddresses, networkEndpoints, partsOf, REPORTS } from "../model/cluster/keys.ts";
import type { Checked } from "../model/cluster/operations.ts";
import type { AddressRecord, EndpointRecord, NetworkRecord, NodeRecord, ReportRecord } from "../model/cluster/records.ts";
import type { PagesOptions, Store } from "../model/cluster/store.ts";
import { familyOf } from "../model/ip.ts";
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
  const taken = { 4: new AddressSet(), 6: new AddressSet() };
  const resting: string[] = [];
  const endpoints = async function* () {
    for await (const { revision, entries } of store.pages(networkEndpoints(network.id), at)) {
      at.revision = revision;
      yield entries.map(({ value }) => JSON.parse(value) as EndpointRecord);
    }
  };
  const addresses = async function* () {
    for await (const { entries } of store.pages(networkAddresses(network.id), { ...at, keysOnly: !verbose })) {
      for (const { key, value } of entries) {
        const [, ip] = partsOf(key, ADDRESSES);
        const address = parseAddress(ip);
        taken[address.family].add(address.value);
        if (verbose && (JSON.parse(value) as AddressRecord).endpoint === null) resting.push(ip);
      }
      yield;
    }
  };
  // Addresses come beside the containers, so that whoever waits is not left without a word for as long again.
  const containers = async function* () {
    let beside: AsyncGenerator<void> | undefined;
    for await (const batch of endpoints()) {
      beside ??= addresses();
      await beside.next();
      for (const { node } of batch) holders.add(node);
      yield batch.map((endpoint) => containerOf(endpoint, nodes.get(endpoint.node)));
    }
    while (beside && !(await beside.next()).done);
  };
  const more = {
    Vni: network.vni,
    Mtu: async () => network.mtu ?? (await smallestMtu(store, nodes)),
    Endpoints: lazyList(endpoints()),
    Resting: () => resting,
  };
  // In the order of a NetworkResource's fields: what follows from all endpoints stands behind them.
  return {
    ...networkResource(network),
    Containers: lazyMap(containers()),
    Peers: () => peersOf(holders, nodes),
    Status: () => statusOf(network, taken),
    Verbose: verbose ? more : undefined,
  } satisfies Record<keyof NetworkResource, unknown>;
}

/** What every node's underlay carries; null when none has said. */
async function smallestMtu(store: Store, nodes: ReadonlyMap<string, NodeRecord>): Promise<number | null> {
  const reports = await readAll<ReportRecord>(store, REPORTS);
  const mtus = reports.flatMap(({ key, record }) => {
    const node = nodes.get(key.slice(REPORTS.length));
    return node ? [record.underlayMtu - overheadBytes(familyOf(node.vtep))] : [];
  });
  return mtus.length === 0 ? null : Math.min(...mtus, OVERLAY_MTU_MAX);
}
