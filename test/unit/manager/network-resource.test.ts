import { expect, test } from "vitest";
import { AddressSet } from "../../../host/ipam/address-set.ts";
import { containerOf, networkResource, peersOf, statusOf } from "../../../host/manager/network-resource.ts";
import type { EndpointRecord, NetworkRecord } from "../../../host/model/cluster/records.ts";

const network: NetworkRecord = {
  id: "n",
  name: "blue",
  createdAt: "2026-01-01T00:00:00.000Z",
  vni: 4096,
  mtu: null,
  internal: true,
  attachable: true,
  ipv6: false,
  labels: { a: "b" },
  options: { "com.docker.network.driver.overlay.vxlanid_list": "4096" },
  subnets: [{ subnet: "10.0.0.0/24", gateway: "10.0.0.1", ipRange: null, auxAddresses: {} }],
};

test("Docker's fields, in its order", () => {
  expect(Object.keys(networkResource(network))).toEqual(
    "Name Id Created Scope Driver EnableIPv4 EnableIPv6 IPAM Internal Attachable Ingress ConfigFrom ConfigOnly Containers Options Labels".split(
      " ",
    ),
  );
  expect(networkResource(network)).toMatchObject({
    Internal: true,
    Attachable: true,
    Options: network.options,
    IPAM: { Config: [{ Subnet: "10.0.0.0/24", Gateway: "10.0.0.1" }] },
  });
});

test("an endpoint of a node that is no more is shown by the node's id", async () => {
  const endpoint: EndpointRecord = {
    id: "e1",
    network: "n",
    node: "gone",
    name: "c",
    aliases: [],
    mac: "02:00:00:00:00:01",
    addresses: ["10.0.0.2/24"],
    container: null,
    createdAt: "",
  };
  const container = { Name: "c", EndpointID: "e1", MacAddress: endpoint.mac, IPv4Address: "10.0.0.2/24", IPv6Address: "", Node: "gone" };
  expect(containerOf(endpoint, undefined)).toEqual(["netns-e1", container]);
  expect(peersOf(["gone"], new Map())).toEqual([]);
});

test("its own address, broadcast and gateway are in use", () => {
  const taken = { 4: new AddressSet(), 6: new AddressSet() };
  expect(statusOf(network, taken)).toEqual({ IPAM: { Subnets: { "10.0.0.0/24": { IPsInUse: 3, DynamicIPsAvailable: 253 } } } });
});
