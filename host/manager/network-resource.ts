// A network as Docker's API shows it. Pure.

import { capacityOf, spaceOf } from "../ipam/space.ts";
import type { ContainerInNetwork, NetworkResource } from "../model/cluster/answers.ts";
import { SHORT_ID_CHARACTERS } from "../model/cluster/ids.ts";
import type { EndpointRecord, NetworkRecord, NodeRecord } from "../model/cluster/records.ts";
import { familyOf } from "../model/ip.ts";
import { mapInPieces } from "../model/pieces.ts";
import type { NetworkAddresses } from "./network-addresses.ts";
import { DOCKER_VNI_OPTION } from "./network-options.ts";

/** As `ls` shows it. */
export function networkResource(network: NetworkRecord): NetworkResource {
  return {
    Name: network.name,
    Id: network.id,
    Created: network.createdAt,
    Scope: "global",
    Driver: "overlay",
    EnableIPv4: true,
    EnableIPv6: network.ipv6,
    IPAM: {
      Driver: "default",
      Options: {},
      Config: network.subnets.map(({ subnet, ipRange, gateway, auxAddresses }) => ({
        Subnet: subnet,
        ...(ipRange === null ? {} : { IPRange: ipRange }),
        Gateway: gateway,
        ...(Object.keys(auxAddresses).length === 0 ? {} : { AuxiliaryAddresses: auxAddresses }),
      })),
    },
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: {},
    Options: { [DOCKER_VNI_OPTION]: String(network.vni), ...network.options },
    Labels: network.labels,
  };
}

export interface Contents {
  endpoints: readonly EndpointRecord[];
  /** By id. */
  nodes: ReadonlyMap<string, NodeRecord>;
  addresses: NetworkAddresses;
}

/** As `inspect` shows it. */
export async function inspectedNetwork(network: NetworkRecord, { endpoints, nodes, addresses }: Contents): Promise<NetworkResource> {
  const containers: NetworkResource["Containers"] = {};
  await mapInPieces(endpoints, (endpoint) => {
    containers[endpoint.container ?? `netns-${endpoint.id}`] = containerOf(endpoint, nodes.get(endpoint.node));
  });
  const holders = new Set(endpoints.map(({ node }) => node));
  return {
    ...networkResource(network),
    Containers: containers,
    Peers: [...holders].flatMap((id) => {
      const node = nodes.get(id);
      return node ? [{ Name: `${node.name}-${id.slice(0, SHORT_ID_CHARACTERS)}`, IP: node.vtep }] : [];
    }),
    Status: { IPAM: { Subnets: Object.fromEntries(network.subnets.map((subnet) => [subnet.subnet, statusOf(subnet, addresses)])) } },
  };
}

function statusOf(subnet: NetworkRecord["subnets"][number], addresses: NetworkAddresses) {
  const space = spaceOf(subnet);
  const { inUse, free } = capacityOf(space, addresses.taken[space.subnet.family]);
  return { IPsInUse: inUse, DynamicIPsAvailable: free };
}

function containerOf(endpoint: EndpointRecord, node: NodeRecord | undefined): ContainerInNetwork {
  const of = (family: 4 | 6) => endpoint.addresses.find((cidr) => familyOf(cidr.split("/")[0]) === family) ?? "";
  return {
    Name: endpoint.name,
    EndpointID: endpoint.id,
    MacAddress: endpoint.mac,
    IPv4Address: of(4),
    IPv6Address: of(6),
    Node: node?.name ?? endpoint.node,
  };
}
