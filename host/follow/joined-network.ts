// A network that this host has endpoints in: who is in it, and what follows from that for the tables. An endpoint among 100,000 that comes, goes or moves
// costs its own entries. Main thread.

import { formatBlock, readBlock } from "../ipam/block.ts";
import type { EndpointRecord, NetworkRecord } from "../model/cluster/records.ts";
import type { PortConfig } from "../model/config.ts";
import type { DesiredNetwork, DirtyNetwork } from "../model/forwarding.ts";
import type { Nodes } from "./nodes.ts";
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

export class JoinedNetwork {
  readonly desired: DesiredNetwork;
  readonly #nodes: Nodes;
  /** Of `desired`, what may have changed: to be added to. */
  readonly #dirty: () => DirtyNetwork;
  readonly #local = new Map<string, LocalEndpoint>();
  readonly #remote = new Map<string, Remote>();
  /** Endpoints that each node has here: a node with any is a peer. */
  readonly #counts = new Map<string, number>();
  /** Which endpoint an entry is of: a MAC that moved may be deleted after it was put. */
  readonly #macOwners = new Map<string, string>();
  readonly #ipOwners = new Map<string, string>();
  /** This host's endpoints, as far as the store has them; null while its endpoints are not known. */
  #stored: Set<string> | null = null;
  /** The same of a snapshot whose parts are arriving. */
  #arriving = new Set<string>();
  /** Endpoints of other hosts that a later snapshot did not have: forwarded to until they are dropped. */
  #doubtful = new Set<string>();
  /** Peers that it began with, until its endpoints are known. */
  #seedPeers: ReadonlySet<string>;

  /** `seed`: what was forwarded when this host last heard of it, which it starts with until its endpoints are known. */
  constructor(record: NetworkRecord, seed: DesiredNetwork | undefined, nodes: Nodes, dirty: () => DirtyNetwork) {
    this.#nodes = nodes;
    this.#dirty = dirty;
    this.#seedPeers = new Set(seed?.peers);
    this.desired = {
      settings: settingsOf(record),
      peers: new Set(seed?.peers),
      fdb: new Map(seed?.fdb),
      neighbors: new Map(seed?.neighbors),
      ports: new Map(),
    };
  }

  setRecord(record: NetworkRecord): void {
    this.desired.settings = settingsOf(record);
    this.#dirty().frame = true;
  }

  addLocal(record: NetworkRecord, endpoint: LocalEndpoint): void {
    this.#local.set(endpoint.record.id, endpoint);
    this.desired.ports.set(portKey(endpoint), portOf(endpoint, record));
    this.#dirty().frame = true;
  }

  /** Answers whether it was the last one. */
  removeLocal(id: string): boolean {
    const local = this.#local.get(id);
    if (!local) return false;
    this.#local.delete(id);
    this.desired.ports.delete(portKey(local));
    this.#dirty().frame = true;
    return this.#local.size === 0;
  }

  /** Endpoints of this host that the store does not have. */
  missing(): LocalEndpoint[] {
    const stored = this.#stored;
    return stored === null ? [] : [...this.#local.values()].filter(({ record }) => !stored.has(record.id));
  }

  /** Endpoints that the store says are here and of which this host knows nothing. */
  strays(): string[] {
    return [...(this.#stored ?? [])].filter((id) => !this.#local.has(id));
  }

  /** All endpoints, of whichever node, come now: each by set(), then end(). One that was begun and not ended is begun again. */
  begin(): void {
    this.#doubtful = new Set(this.#remote.keys());
    this.#arriving = new Set();
  }

  /**
   * Answers whether it has others that were told of one by one and were not among these: a store that was put back from a backup does not know what was made
   * since, until the hosts that have it say so. dropDoubtful() ends that.
   */
  end(): boolean {
    this.#stored = this.#arriving;
    this.#seedPeers = new Set();
    this.#dropSeed();
    this.#setPeers();
    return this.#doubtful.size > 0;
  }

  /** What the last snapshot did not have, and nobody has told of since, is gone. */
  dropDoubtful(): void {
    for (const id of this.#doubtful) this.remove(id);
  }

  set({ id, node: nodeId, mac, addresses }: EndpointRecord): void {
    this.#doubtful.delete(id);
    if (this.#remote.has(id)) this.remove(id);
    if (nodeId === this.#nodes.self) {
      this.#stored?.add(id);
      this.#arriving.add(id);
      return;
    }
    // A hundred thousand endpoints need not have a copy each of their node's id.
    const node = this.#nodes.get(nodeId)?.id ?? nodeId;
    const remote = { node, mac, ips: addresses.map((cidr) => cidr.split("/")[0]) };
    this.#remote.set(id, remote);
    this.#macOwners.set(mac, id);
    for (const ip of remote.ips) this.#ipOwners.set(ip, id);
    this.#count(node, 1);
    this.#place(remote);
  }

  remove(id: string): void {
    const remote = this.#remote.get(id);
    this.#stored?.delete(id);
    this.#doubtful.delete(id);
    if (!remote) return;
    const dirty = this.#dirty();
    this.#remote.delete(id);
    this.#count(remote.node, -1);
    if (this.#macOwners.get(remote.mac) === id) {
      this.#macOwners.delete(remote.mac);
      this.desired.fdb.delete(remote.mac);
      dirty.macs.add(remote.mac);
    }
    for (const ip of remote.ips) {
      if (this.#ipOwners.get(ip) !== id) continue;
      this.#ipOwners.delete(ip);
      this.desired.neighbors.delete(ip);
      dirty.ips.add(ip);
    }
  }

  /** A node has another VTEP, or is known or unknown now. */
  repoint(node: string): void {
    if (!this.#counts.has(node)) return;
    this.#setPeers();
    for (const [id, remote] of this.#remote) if (remote.node === node && this.#macOwners.get(remote.mac) === id) this.#place(remote);
  }

  /** Entries that no endpoint owns. */
  #dropSeed(): void {
    const { fdb, neighbors } = this.desired;
    const dirty = this.#dirty();
    for (const mac of fdb.keys()) if (!this.#macOwners.has(mac) && fdb.delete(mac)) dirty.macs.add(mac);
    for (const ip of neighbors.keys()) if (!this.#ipOwners.has(ip) && neighbors.delete(ip)) dirty.ips.add(ip);
  }

  /** Writes what a remote endpoint makes of the tables; nothing while its node is not known. */
  #place({ node, mac, ips }: Remote): void {
    const { fdb, neighbors } = this.desired;
    const dirty = this.#dirty();
    const vtep = this.#nodes.get(node)?.vtep;
    if (vtep === undefined) fdb.delete(mac);
    else fdb.set(mac, vtep);
    dirty.macs.add(mac);
    for (const ip of ips) {
      if (vtep === undefined) neighbors.delete(ip);
      else neighbors.set(ip, mac);
      dirty.ips.add(ip);
    }
  }

  #count(node: string, by: 1 | -1): void {
    const count = (this.#counts.get(node) ?? 0) + by;
    if (count === 0) this.#counts.delete(node);
    else this.#counts.set(node, count);
    if (count === 0 || (count === 1 && by === 1)) this.#setPeers();
  }

  #setPeers(): void {
    const peers = [...this.#counts.keys()].flatMap((id) => this.#nodes.get(id)?.vtep ?? []);
    this.desired.peers = new Set([...this.#seedPeers, ...peers]);
    this.#dirty().frame = true;
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
