// A network as Docker's API shows it. Pure.

import type { AddressSet } from "../ipam/address-set.ts";
import { capacityOf, spaceOf } from "../ipam/space.ts";
import type { ContainerInNetwork, NetworkResource } from "../model/cluster/answers.ts";
import { SHORT_ID_CHARACTERS } from "../model/cluster/ids.ts";
import { DOCKER_VNI_OPTION } from "../model/cluster/network-options.ts";
import type { EndpointRecord, NetworkRecord, NodeRecord, SubnetRecord } from "../model/cluster/records.ts";
import { type Family, familyOf } from "../model/ip.ts";

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

/** The nodes that have endpoints in it; `nodes` by id. */
export function peersOf(holders: Iterable<string>, nodes: ReadonlyMap<string, NodeRecord>): NetworkResource["Peers"] {
  return [...holders].flatMap((id) => {
    const node = nodes.get(id);
    return node ? [{ Name: `${node.name}-${id.slice(0, SHORT_ID_CHARACTERS)}`, IP: node.vtep }] : [];
  });
}

/** How full its subnets are. */
export function statusOf(network: NetworkRecord, taken: Record<Family, AddressSet>): NetworkResource["Status"] {
  const of = (subnet: SubnetRecord) => {
    const space = spaceOf(subnet);
    const { inUse, free } = capacityOf(space, taken[space.subnet.family]);
    return { IPsInUse: inUse, DynamicIPsAvailable: free };
  };
  return { IPAM: { Subnets: Object.fromEntries(network.subnets.map((subnet) => [subnet.subnet, of(subnet)])) } };
}

/** A member of `Containers`. */
export function containerOf(endpoint: EndpointRecord, node: NodeRecord | undefined): [id: string, container: ContainerInNetwork] {
  const of = (family: Family) => endpoint.addresses.find((cidr) => familyOf(cidr.split("/")[0]) === family) ?? "";
  const container = {
    Name: endpoint.name,
    EndpointID: endpoint.id,
    MacAddress: endpoint.mac,
    IPv4Address: of(4),
    IPv6Address: of(6),
    Node: node?.name ?? endpoint.node,
  };
  return [endpoint.container ?? `netns-${endpoint.id}`, container];
}
