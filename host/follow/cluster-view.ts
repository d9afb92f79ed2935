// The cluster's state as one node keeps it: nodes, who lives, networks, and the endpoints of the networks that it takes part in; and what this
// host shall forward, made from that. Every change says what of `desired` it may have touched, so that one endpoint among 100,000 costs one
// entry. No I/O, no clock: watches feed it (follower.ts), and so can a simulation. Main thread.

import { formatBlock, readBlock } from "../ipam/block.ts";
import type { EndpointRecord, NetworkRecord, NodeRecord } from "../model/cluster/records.ts";
import type { PortConfig } from "../model/config.ts";
import type { Desired, DesiredNetwork, DirtyNetwork } from "../model/forwarding.ts";
import { Nodes } from "./nodes.ts";
import { settingsOf } from "./settings.ts";

/** An endpoint of this host: its record, and where its interface is. */
export interface LocalEndpoint {
  record: EndpointRecord;
  netns: string;
  interface: string;
}

interface Remote {
  node: string;
  mac: string;
  ips: string[];
}

interface Member {
  record: NetworkRecord;
  desired: DesiredNetwork;
  local: Map<string, LocalEndpoint>;
  remote: Map<string, Remote>;
  /** Endpoints that each node has here: a node with any is a peer. */
  counts: Map<string, number>;
  /** Which endpoint an entry is of: a MAC that moved may be deleted after it was put. */
  macOwners: Map<string, string>;
  ipOwners: Map<string, string>;
  /** This host's endpoints, as far as the store has them; null while its endpoints are not known. */
  stored: Set<string> | null;
  /** The same of a snapshot whose parts are arriving. */
  arriving: Set<string>;
  /** Endpoints of other hosts that a later snapshot did not have: forwarded to until they are dropped. */
  doubtful: Set<string>;
  /** Peers that it began with, until its endpoints are known. */
  seedPeers: ReadonlySet<string>;
}

export class ClusterView {
  readonly desired: Desired = new Map();
  /** This node. */
  readonly self: string;
  /** To be asked; changed by the methods here. */
  readonly nodes: Nodes;
  readonly #networks = new Map<string, NetworkRecord>();
  readonly #members = new Map<string, Member>();
  /** What was forwarded when this host last heard of the cluster: a network starts with it, until its endpoints are known. */
  readonly #seed: Desired;
  #dirty = new Map<string, DirtyNetwork>();

  constructor(self: string, seed: Desired = new Map()) {
    this.self = self;
    this.nodes = new Nodes(self);
    this.#seed = seed;
  }

  /** What may have changed since it was last asked for; null when nothing has. */
  takeDirty(): Map<string, DirtyNetwork> | null {
    if (this.#dirty.size === 0) return null;
    const dirty = this.#dirty;
    this.#dirty = new Map();
    return dirty;
  }

  network(id: string): NetworkRecord | undefined {
    return this.#networks.get(id);
  }

  /** Networks that this host has endpoints in, by id. */
  memberships(): string[] {
    return [...this.#members.keys()];
  }

  /** Endpoints of this host that the store does not have: it was restored from a backup, or they were removed by force. */
  missing(): LocalEndpoint[] {
    return [...this.#members.values()].flatMap(({ stored, local }) =>
      stored === null ? [] : [...local.values()].filter(({ record }) => !stored.has(record.id)),
    );
  }

  /** Endpoints that the store says are here and of which this host knows nothing. */
  strays(): { network: string; id: string }[] {
    return [...this.#members].flatMap(([network, { stored, local }]) =>
      [...(stored ?? [])].filter((id) => !local.has(id)).map((id) => ({ network, id })),
    );
  }

  setNodes(nodes: Iterable<NodeRecord>): void {
    const gone = new Set(this.nodes.ids);
    for (const node of nodes) {
      gone.delete(node.id);
      this.setNode(node);
    }
    for (const id of gone) this.removeNode(id);
  }

  setNode(node: NodeRecord): void {
    if (this.nodes.set(node)) this.#repoint(node.id);
  }

  removeNode(id: string): void {
    if (this.nodes.remove(id)) this.#repoint(id);
  }

  setAlive(nodes: Iterable<string>): void {
    this.nodes.setAlive(nodes);
  }

  addAlive(node: string): void {
    this.nodes.addAlive(node);
  }

  removeAlive(node: string): void {
    this.nodes.removeAlive(node);
  }

  setNetworks(networks: Iterable<NetworkRecord>): void {
    const gone = new Set(this.#networks.keys());
    for (const network of networks) {
      gone.delete(network.id);
      this.setNetwork(network);
    }
    for (const id of gone) this.removeNetwork(id);
  }

  setNetwork(network: NetworkRecord): void {
    this.#networks.set(network.id, network);
    const member = this.#members.get(network.id);
    if (!member) return;
    member.record = network;
    member.desired.settings = settingsOf(network);
    this.#touch(member).frame = true;
  }

  /** Its local endpoints, if any, are left without a network until they are removed: they forward on. */
  removeNetwork(id: string): void {
    this.#networks.delete(id);
  }

  /** An endpoint of this host. Answers whether the network is new here: its endpoints are then to be watched. */
  addLocal(network: NetworkRecord, endpoint: LocalEndpoint): boolean {
    const known = this.#members.get(network.id);
    const member = known ?? this.#join(network);
    member.local.set(endpoint.record.id, endpoint);
    member.desired.ports.set(portKey(endpoint), portOf(endpoint, network));
    this.#touch(member).frame = true;
    return known === undefined;
  }

  /** Answers whether it was the network's last one here. */
  removeLocal(network: string, endpoint: string): boolean {
    const member = this.#members.get(network);
    const local = member?.local.get(endpoint);
    if (!member || !local) return false;
    member.local.delete(endpoint);
    member.desired.ports.delete(portKey(local));
    this.#touch(member).frame = true;
    if (member.local.size > 0) return false;
    this.#members.delete(network);
    this.desired.delete(network);
    return true;
  }

  /**
   * All of a network's endpoints, of whichever node. Answers whether it has others that were told of one by one and are not among these: a store that
   * was put back from a backup does not know what was made since, until the hosts that have it say so. dropDoubtful() ends that.
   */
  setEndpoints(network: string, endpoints: Iterable<EndpointRecord>): boolean {
    this.beginEndpoints(network);
    for (const endpoint of endpoints) this.setEndpoint(endpoint);
    return this.endEndpoints(network);
  }

  /** The same in parts: each endpoint by setEndpoint(), then endEndpoints(). One that was begun and not ended is begun again. */
  beginEndpoints(network: string): void {
    const member = this.#members.get(network);
    if (!member) return;
    member.doubtful = new Set(member.remote.keys());
    member.arriving = new Set();
  }

  endEndpoints(network: string): boolean {
    const member = this.#members.get(network);
    if (!member) return false;
    member.stored = member.arriving;
    member.seedPeers = new Set();
    this.#dropSeed(member);
    this.#setPeers(member);
    return member.doubtful.size > 0;
  }

  /** What the last snapshot did not have, and nobody has told of since, is gone. */
  dropDoubtful(network: string): void {
    for (const id of this.#members.get(network)?.doubtful ?? []) this.removeEndpoint(network, id);
  }

  setEndpoint(endpoint: EndpointRecord): void {
    const member = this.#members.get(endpoint.network);
    if (!member) return;
    member.doubtful.delete(endpoint.id);
    if (member.remote.has(endpoint.id)) this.removeEndpoint(endpoint.network, endpoint.id);
    if (endpoint.node === this.self) {
      member.stored?.add(endpoint.id);
      member.arriving.add(endpoint.id);
      return;
    }
    // A hundred thousand endpoints need not have a copy each of their node's id.
    const node = this.nodes.get(endpoint.node)?.id ?? endpoint.node;
    const remote = { node, mac: endpoint.mac, ips: endpoint.addresses.map((cidr) => cidr.split("/")[0]) };
    member.remote.set(endpoint.id, remote);
    member.macOwners.set(remote.mac, endpoint.id);
    for (const ip of remote.ips) member.ipOwners.set(ip, endpoint.id);
    this.#count(member, remote.node, 1);
    this.#place(member, remote);
  }

  removeEndpoint(network: string, id: string): void {
    const member = this.#members.get(network);
    const remote = member?.remote.get(id);
    member?.stored?.delete(id);
    member?.doubtful.delete(id);
    if (!member || !remote) return;
    const dirty = this.#touch(member);
    member.remote.delete(id);
    this.#count(member, remote.node, -1);
    if (member.macOwners.get(remote.mac) === id) {
      member.macOwners.delete(remote.mac);
      member.desired.fdb.delete(remote.mac);
      dirty.macs.add(remote.mac);
    }
    for (const ip of remote.ips) {
      if (member.ipOwners.get(ip) !== id) continue;
      member.ipOwners.delete(ip);
      member.desired.neighbors.delete(ip);
      dirty.ips.add(ip);
    }
  }

  #join(network: NetworkRecord): Member {
    const seed = this.#seed.get(network.id);
    const from = seed?.settings.vni === network.vni ? seed : undefined;
    const desired: DesiredNetwork = {
      settings: settingsOf(network),
      peers: new Set(from?.peers),
      fdb: new Map(from?.fdb),
      neighbors: new Map(from?.neighbors),
      ports: new Map(),
    };
    const member = {
      record: network,
      desired,
      local: new Map(),
      remote: new Map(),
      counts: new Map(),
      macOwners: new Map(),
      ipOwners: new Map(),
      stored: null,
      arriving: new Set<string>(),
      doubtful: new Set<string>(),
      seedPeers: new Set(from?.peers),
    };
    this.#members.set(network.id, member);
    this.desired.set(network.id, desired);
    return member;
  }

  /** Entries that no endpoint owns. */
  #dropSeed(member: Member): void {
    const { fdb, neighbors } = member.desired;
    const dirty = this.#touch(member);
    for (const mac of fdb.keys()) if (!member.macOwners.has(mac) && fdb.delete(mac)) dirty.macs.add(mac);
    for (const ip of neighbors.keys()) if (!member.ipOwners.has(ip) && neighbors.delete(ip)) dirty.ips.add(ip);
  }

  #touch(member: Member): DirtyNetwork {
    const { id } = member.record;
    const dirty = this.#dirty.get(id) ?? { frame: false, macs: new Set<string>(), ips: new Set<string>() };
    this.#dirty.set(id, dirty);
    return dirty;
  }

  /** Writes what a remote endpoint makes of the tables; nothing while its node is not known. */
  #place(member: Member, { node, mac, ips }: Remote): void {
    const dirty = this.#touch(member);
    const vtep = this.nodes.get(node)?.vtep;
    if (vtep === undefined) member.desired.fdb.delete(mac);
    else member.desired.fdb.set(mac, vtep);
    dirty.macs.add(mac);
    for (const ip of ips) {
      if (vtep === undefined) member.desired.neighbors.delete(ip);
      else member.desired.neighbors.set(ip, mac);
      dirty.ips.add(ip);
    }
  }

  #count(member: Member, node: string, by: 1 | -1): void {
    const count = (member.counts.get(node) ?? 0) + by;
    if (count === 0) member.counts.delete(node);
    else member.counts.set(node, count);
    if (count === 0 || (count === 1 && by === 1)) this.#setPeers(member);
  }

  #setPeers(member: Member): void {
    const peers = [...member.counts.keys()].flatMap((id) => this.nodes.get(id)?.vtep ?? []);
    member.desired.peers = new Set([...member.seedPeers, ...peers]);
    this.#touch(member).frame = true;
  }

  /** A node has another VTEP, or is known or unknown now. */
  #repoint(node: string): void {
    for (const member of this.#members.values()) {
      if (!member.counts.has(node)) continue;
      this.#setPeers(member);
      for (const [id, remote] of member.remote)
        if (remote.node === node && member.macOwners.get(remote.mac) === id) this.#place(member, remote);
    }
  }
}

function portKey({ netns, interface: name }: LocalEndpoint): string {
  return `${netns}/${name}`;
}

function portOf({ record, netns, interface: name }: LocalEndpoint, { subnets }: NetworkRecord): PortConfig {
  const { addresses, mac } = record;
  const inFamily = (subnet: string) => addresses.some((address) => address.includes(":") === subnet.includes(":"));
  const own = new Set(addresses.map((address) => formatBlock(readBlock(address))));
  // All subnets of a network are one Ethernet: the others are reached without a gateway.
  const routes = subnets.map(({ subnet }) => subnet).filter((subnet) => inFamily(subnet) && !own.has(subnet));
  return { netns, interface: name, addresses, mac, ...(routes.length > 0 ? { routes } : {}) };
}
