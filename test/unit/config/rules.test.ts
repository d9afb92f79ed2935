import { describe, expect, test } from "vitest";
import { pathText } from "../../../host/config/place.ts";
import { checkRules } from "../../../host/config/rules.ts";
import type { NetworkConfig, PortConfig, StaticConfig } from "../../../host/model/config.ts";

const blue: NetworkConfig = {
  name: "blue",
  vni: 42,
  mtu: null,
  learning: true,
  allowUnlistedSources: false,
  ignoreReservedBits: false,
  allowVlanTags: false,
  tos: "inherit",
  ttl: 64,
  ageingSeconds: 300,
  peers: ["10.99.0.2"],
  fdb: [],
  neighbors: [],
  ports: [],
};
const red: NetworkConfig = { ...blue, name: "red", vni: 43 };
const port: PortConfig = { netns: "p", interface: "eth0", addresses: ["10.0.0.1/24"], mac: "02:42:00:00:00:01" };

function found(networks: NetworkConfig[], rest: Partial<StaticConfig> = {}): string[] {
  const node = { name: "a", vtep: "10.99.0.1", dataPort: 4789 };
  const config: StaticConfig = {
    node,
    workers: 1,
    backend: "native",
    injection: "off",
    spin: 0,
    zeroChecksum6: false,
    pinWorkers: false,
    metrics: null,
    socket: "/s",
    fdbCapacity: 65536,
    networks,
    ...rest,
  };
  return checkRules(config).map(({ path, message }) => `${pathText(path)}: ${message}`);
}

describe("rules between keys", () => {
  test("two networks may share peers, MACs and addresses, but no interface", () => {
    expect(
      found([
        { ...blue, ports: [port] },
        { ...red, ports: [{ ...port, interface: "eth1" }] },
      ]),
    ).toEqual([]);
    expect(
      found([
        { ...blue, ports: [port] },
        { ...red, ports: [port] },
      ]),
    ).toEqual(["networks[1].ports[0].interface: eth0 in p is already the interface of networks[0].ports[0]"]);
  });

  test.each(["p", "/run/netns/p", "/var/run/netns/p"])("%s is the namespace p", (netns) => {
    const other = { ...port, netns, mac: "02:42:00:00:00:02", addresses: [] };
    expect(found([{ ...blue, ports: [port, other] }])).toHaveLength(1);
    expect(found([{ ...blue, ports: [{ ...port, netns: "/proc/7/ns/net" }, other] }])).toEqual([]);
  });

  test("every clash is found, not only the first", () => {
    expect(found([blue, blue, { ...red, peers: ["10.99.0.1", "fd00::1"] }])).toEqual([
      "networks[1].name: blue is already the name of networks[0]",
      "networks[1].vni: 42 is already the VNI of networks[0]",
      "networks[2].peers[0]: 10.99.0.1 is this host's own VTEP (node.vtep)",
      "networks[2].peers[1]: fd00::1 is not an IPv4 address as node.vtep (10.99.0.1) is",
    ]);
  });

  test("an IPv6 underlay wants IPv6 peers", () => {
    const node = { name: "a", vtep: "fd00::1", dataPort: 4789 };
    expect(found([{ ...blue, peers: ["fd00::2"] }], { node })).toEqual([]);
    expect(found([blue], { node })).toEqual(["networks[0].peers[0]: 10.99.0.2 is not an IPv6 address as node.vtep (fd00::1) is"]);
  });

  test.each([
    [1279, "10.0.0.1/24", 0],
    [1279, "fd00::1/64", 1],
    [1280, "fd00::1/64", 0],
    [null, "fd00::1/64", 0],
  ])("MTU %s with %s: %d issues", (mtu, address, count) => {
    expect(found([{ ...blue, mtu, ports: [{ ...port, addresses: [address] }] }])).toHaveLength(count);
  });

  test("one port may not have one address twice", () => {
    expect(found([{ ...blue, ports: [{ ...port, addresses: ["10.0.0.1/24", "10.0.0.1/16"] }] }])).toEqual([
      "networks[0].ports[0].address[1]: 10.0.0.1 is already an address of networks[0].ports[0]",
    ]);
  });
});
