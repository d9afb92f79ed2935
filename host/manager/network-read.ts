// `network ls` and `network inspect`. Main thread.

import type { Answer, NetworkResource } from "../model/cluster/answers.ts";
import { ADDRESSES, ENDPOINTS, NETWORKS, NODES, networkAddresses, networkEndpoints, partsOf, REPORTS } from "../model/cluster/keys.ts";
import type { Checked } from "../model/cluster/operations.ts";
import type { AddressRecord, EndpointRecord, NetworkRecord, NodeRecord, ReportRecord } from "../model/cluster/records.ts";
import type { Store } from "../model/cluster/store.ts";
import { UsageError } from "../model/errors.ts";
import { familyOf } from "../model/ip.ts";
import { OVERLAY_MTU_MAX, overheadBytes } from "../model/mtu.ts";
import { mapInPieces } from "../model/pieces.ts";
import { type Context, readAll } from "./context.ts";
import { eachNamed } from "./each-named.ts";
import { booleanFilter, hasLabels, isOneOf, matchesOneOf, refuseUnknownFilters } from "./filters.ts";
import { findNetwork } from "./find.ts";
import { NetworkAddresses } from "./network-addresses.ts";
import { inspectedNetwork, networkResource } from "./network-resource.ts";

const FILTERS = ["driver", "id", "label", "name", "scope", "type", "dangling"];

export async function listNetworks({ store }: Context, { filters }: Checked<"network.ls">): Promise<Answer<"network.ls">> {
  refuseUnknownFilters(filters, FILTERS);
  for (const type of filters.type ?? []) {
    if (type !== "custom" && type !== "builtin") throw new UsageError(`invalid filter 'type=${type}': it is custom or builtin`);
  }
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
  const { entries } = await store.list(ENDPOINTS, { keysOnly: true });
  return new Set(entries.map(({ key }) => partsOf(key, ENDPOINTS)[0]));
}

export async function inspectNetworks({ store }: Context, input: Checked<"network.inspect">): Promise<Answer<"network.inspect">> {
  const nodes = new Map((await readAll<NodeRecord>(store, NODES)).map(({ record }) => [record.id, record]));
  return eachNamed(input.names, async (name) => {
    const { record } = await findNetwork(store, name);
    return inspected(store, record, nodes, input.verbose);
  });
}

async function inspected(
  store: Store,
  network: NetworkRecord,
  nodes: ReadonlyMap<string, NodeRecord>,
  verbose: boolean,
): Promise<NetworkResource> {
  const [endpoints, { entries }] = await Promise.all([
    readAll<EndpointRecord>(store, networkEndpoints(network.id)),
    store.list(networkAddresses(network.id)),
  ]);
  const addresses = new NetworkAddresses();
  const resting: string[] = [];
  await mapInPieces(entries, ({ key, value, modRevision }) => {
    const [, ip] = partsOf(key, ADDRESSES);
    addresses.put(ip, value, modRevision);
    if ((JSON.parse(value) as AddressRecord).endpoint === null) resting.push(ip);
  });
  const records = endpoints.map(({ record }) => record);
  const resource = await inspectedNetwork(network, { endpoints: records, nodes, addresses });
  if (!verbose) return resource;
  const mtu = network.mtu ?? (await smallestMtu(store, nodes));
  return { ...resource, Verbose: { Vni: network.vni, Mtu: mtu, Endpoints: records, Resting: resting } };
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
