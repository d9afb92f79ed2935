// Rules that look at more than one key of weft.yaml. Pure: a typed file in, issues out, each at the place of the later of two
// that clash. Single values were checked before (host/config/kinds.ts).

import type { StaticConfig } from "../model/config.ts";
import { familyOf } from "../model/ip.ts";
import { PORTS_LIMIT, VTEPS_LIMIT } from "../model/limits.ts";
import { OVERLAY_MTU_MIN_IPV6 } from "../model/mtu.ts";
import type { Issue, Path } from "./place.ts";
import { pathText } from "./place.ts";

type Network = StaticConfig["networks"][number];

/** Everything that two or more keys have wrong between them, in no particular order. */
export function checkRules(config: StaticConfig): Issue[] {
  const issues: Issue[] = [];
  const names = new Once("the name of", issues);
  const vnis = new Once("the VNI of", issues);
  const interfaces = new Once("the interface of", issues);
  for (const [n, network] of config.networks.entries()) {
    const at: Path = ["networks", n];
    names.add([...at, "name"], network.name, network.name, at);
    vnis.add([...at, "vni"], network.vni, String(network.vni), at);
    for (const [p, port] of network.ports.entries()) {
      const portAt = [...at, "ports", p];
      interfaces.add([...portAt, "interface"], `${netnsPath(port.netns)} ${port.interface}`, `${port.interface} in ${port.netns}`, portAt);
    }
    checkMacs(network, at, issues);
    checkAddresses(network, at, issues);
    checkVteps(config, network, at, issues);
    checkMtu(network, at, issues);
  }
  checkTotals(config, issues);
  return issues;
}

/** Remembers where each value was first given and reports the second. */
class Once {
  readonly #first = new Map<string | number, Path>();
  readonly #what: string;
  readonly #issues: Issue[];

  constructor(what: string, issues: Issue[]) {
    this.#what = what;
    this.#issues = issues;
  }

  add(path: Path, value: string | number, printed: string, owner: Path): void {
    const first = this.#first.get(value);
    if (first === undefined) this.#first.set(value, owner);
    else this.#issues.push({ path, message: `${printed} is already ${this.#what} ${pathText(first)}` });
  }
}

/** One MAC, one place: ports and static entries of a network share the FDB. */
function checkMacs(network: Network, at: Path, issues: Issue[]): void {
  const macs = new Once("the MAC of", issues);
  for (const [i, port] of network.ports.entries()) macs.add([...at, "ports", i, "mac"], port.mac, port.mac, [...at, "ports", i]);
  for (const [i, entry] of network.fdb.entries()) macs.add([...at, "fdb", i, "mac"], entry.mac, entry.mac, [...at, "fdb", i]);
}

/** One address, one MAC: a neighbour may repeat what a port says, not contradict it. */
function checkAddresses(network: Network, at: Path, issues: Issue[]): void {
  const owners = new Map<string, { mac: string; owner: Path }>();
  for (const [p, port] of network.ports.entries()) {
    for (const [a, address] of port.addresses.entries()) {
      const ip = address.slice(0, address.indexOf("/"));
      const first = owners.get(ip);
      if (first === undefined) owners.set(ip, { mac: port.mac, owner: [...at, "ports", p] });
      else issues.push({ path: [...at, "ports", p, "address", a], message: `${ip} is already an address of ${pathText(first.owner)}` });
    }
  }
  const neighbors = new Once("the address of", issues);
  for (const [i, { ip, mac }] of network.neighbors.entries()) {
    const owner = [...at, "neighbors", i];
    neighbors.add([...owner, "ip"], ip, ip, owner);
    const port = owners.get(ip);
    if (port !== undefined && port.mac !== mac) {
      issues.push({ path: [...owner, "mac"], message: `${ip} belongs to ${pathText(port.owner)}, whose MAC is ${port.mac}` });
    }
  }
}

/** Peers and static entries lead to other hosts, over the same family as this one. */
function checkVteps(config: StaticConfig, network: Network, at: Path, issues: Issue[]): void {
  const family = familyOf(config.node.vtep);
  const check = (vtep: string, path: Path): void => {
    if (vtep === config.node.vtep) issues.push({ path, message: `${vtep} is this host's own VTEP (node.vtep)` });
    else if (familyOf(vtep) !== family)
      issues.push({ path, message: `${vtep} is not an IPv${family} address as node.vtep (${config.node.vtep}) is` });
  };
  const peers = new Once("listed as", issues);
  for (const [i, peer] of network.peers.entries()) {
    check(peer, [...at, "peers", i]);
    peers.add([...at, "peers", i], peer, peer, [...at, "peers", i]);
  }
  for (const [i, entry] of network.fdb.entries()) check(entry.vtep, [...at, "fdb", i, "vtep"]);
}

/** RFC 8200 section 5. */
function checkMtu(network: Network, at: Path, issues: Issue[]): void {
  if (network.mtu === null || network.mtu >= OVERLAY_MTU_MIN_IPV6) return;
  const ports = network.ports.flatMap((port) => port.addresses);
  const six = [...ports, ...network.neighbors.map((neighbor) => neighbor.ip)].find((address) => address.includes(":"));
  if (six === undefined) return;
  issues.push({
    path: [...at, "mtu"],
    message: `${network.mtu} is less than IPv6 needs (${OVERLAY_MTU_MIN_IPV6}), and the network has ${six}`,
  });
}

/** What the tables of the packet core hold, all networks together (host/model/limits.ts). */
function checkTotals(config: StaticConfig, issues: Issue[]): void {
  const total = (count: (network: Network) => number) => config.networks.reduce((sum, network) => sum + count(network), 0);
  const bound = (count: number, most: number, what: string, how = ""): void => {
    if (count > most) issues.push({ path: ["networks"], message: `${count} ${what}, all networks together; at most ${most} fit${how}` });
  };
  const vteps = new Set(config.networks.flatMap((network) => [...network.peers, ...network.fdb.map((entry) => entry.vtep)]));
  bound(
    total((n) => n.ports.length),
    PORTS_LIMIT,
    "ports",
  );
  bound(vteps.size, VTEPS_LIMIT, "VTEPs");
  bound(
    total((n) => n.ports.length + n.fdb.length),
    config.fdbCapacity,
    "ports and fdb entries",
    " (fdbCapacity)",
  );
  bound(
    total((n) => n.ports.reduce((sum, port) => sum + port.addresses.length, n.neighbors.length)),
    config.fdbCapacity,
    "addresses and neighbors",
    " (fdbCapacity)",
  );
}

/** A name and the path that it stands for are one namespace. */
function netnsPath(netns: string): string {
  return netns.startsWith("/") ? netns.replace(/^\/var\/run\//, "/run/") : `/run/netns/${netns}`;
}
