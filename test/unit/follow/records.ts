// Records as a store would have them, and a snapshot of them, for the tests of this folder.

import type { ClusterView } from "../../../host/follow/cluster-view.ts";
import type { EndpointRecord, NetworkRecord, NodeRecord } from "../../../host/model/cluster/records.ts";

const CREATED_AT = "2026-01-01T00:00:00.000Z";

export function nodeRecord(id: string, vtep: string): NodeRecord {
  return { id, name: id, role: "worker", availability: "active", vtep, manager: null, joinedAt: CREATED_AT, deadSince: null };
}

export function networkRecord(id: string, changes: Partial<NetworkRecord> = {}): NetworkRecord {
  const subnets = [{ subnet: "10.0.0.0/24", gateway: "10.0.0.1", ipRange: null, auxAddresses: {} }];
  const plain = { internal: false, attachable: false, ipv6: false, labels: {}, options: {} };
  return { id, name: id, createdAt: CREATED_AT, vni: 4096, mtu: null, ...plain, subnets, ...changes };
}

export function endpointRecord(network: string, node: string, number: number, changes: Partial<EndpointRecord> = {}): EndpointRecord {
  const mac = `02:00:00:00:00:${number.toString(16).padStart(2, "0")}`;
  const common = { name: "", aliases: [], container: null, createdAt: CREATED_AT };
  return { id: `e${number}`, network, node, mac, addresses: [`10.0.0.${number}/24`], ...common, ...changes };
}

/** All of a network's endpoints at once; what the view says of it. */
export function setEndpoints(view: ClusterView, network: string, endpoints: Iterable<EndpointRecord>): boolean {
  view.beginEndpoints(network);
  for (const endpoint of endpoints) view.setEndpoint(endpoint);
  return view.endEndpoints(network);
}
