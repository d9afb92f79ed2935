// The cluster's state as one node keeps it: nodes, who lives, networks, and the endpoints of the networks that it takes part in; and what this
// host shall forward, made from that. Every change says what of `desired` it may have touched, so that one endpoint among 100,000 costs one
// entry. No I/O, no clock: watches feed it (follower.ts), and so can a simulation. Main thread.

import type { EndpointRecord, NetworkRecord, NodeRecord } from "../model/cluster/records.ts";
import type { Desired, DirtyNetwork } from "../model/forwarding.ts";
import { JoinedNetwork, type LocalEndpoint } from "./joined-network.ts";
import { Nodes } from "./nodes.ts";

export class ClusterView {
  readonly desired: Desired = new Map();
  /** This node. */
  readonly self: string;
  /** To be asked, and to be told who lives; nodes themselves are changed by the methods here. */
  readonly nodes: Nodes;
  readonly #networks = new Map<string, NetworkRecord>();
  readonly #joined = new Map<string, JoinedNetwork>();
  /** What was forwarded when this host last heard of the cluster. */
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
    return [...this.#joined.keys()];
  }

  /** Endpoints of this host that the store does not have: it was restored from a backup, or they were removed by force. */
  missing(): LocalEndpoint[] {
    return [...this.#joined.values()].flatMap((network) => network.missing());
  }

  /** Endpoints that the store says are here and of which this host knows nothing. */
  strays(): { network: string; id: string }[] {
    return [...this.#joined].flatMap(([network, joined]) => joined.strays().map((id) => ({ network, id })));
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
    this.#joined.get(network.id)?.setRecord(network);
  }

  /** Its local endpoints, if any, are left without a network until they are removed: they forward on. */
  removeNetwork(id: string): void {
    this.#networks.delete(id);
  }

  /** An endpoint of this host. Answers whether the network is new here: its endpoints are then to be watched. */
  addLocal(network: NetworkRecord, endpoint: LocalEndpoint): boolean {
    const known = this.#joined.get(network.id);
    (known ?? this.#join(network)).addLocal(network, endpoint);
    return known === undefined;
  }

  /** Answers whether it was the network's last one here. */
  removeLocal(network: string, endpoint: string): boolean {
    if (!this.#joined.get(network)?.removeLocal(endpoint)) return false;
    this.#joined.delete(network);
    this.desired.delete(network);
    return true;
  }

  /** All of a network's endpoints come now: each by setEndpoint(), then endEndpoints(). One that was begun and not ended is begun again. */
  beginEndpoints(network: string): void {
    this.#joined.get(network)?.begin();
  }

  /** Answers whether it has others that are doubtful now, and forwarded to until dropDoubtful() (host/follow/joined-network.ts). */
  endEndpoints(network: string): boolean {
    return this.#joined.get(network)?.end() ?? false;
  }

  dropDoubtful(network: string): void {
    this.#joined.get(network)?.dropDoubtful();
  }

  setEndpoint(endpoint: EndpointRecord): void {
    this.#joined.get(endpoint.network)?.set(endpoint);
  }

  removeEndpoint(network: string, id: string): void {
    this.#joined.get(network)?.remove(id);
  }

  #join(network: NetworkRecord): JoinedNetwork {
    const { id, vni } = network;
    const seed = this.#seed.get(id);
    const joined = new JoinedNetwork(network, seed?.settings.vni === vni ? seed : undefined, this.nodes, () => this.#dirtyOf(id));
    this.#joined.set(id, joined);
    this.desired.set(id, joined.desired);
    return joined;
  }

  #dirtyOf(network: string): DirtyNetwork {
    const dirty = this.#dirty.get(network) ?? { frame: false, macs: new Set<string>(), ips: new Set<string>() };
    this.#dirty.set(network, dirty);
    return dirty;
  }

  /** A node has another VTEP, or is known or unknown now. */
  #repoint(node: string): void {
    for (const joined of this.#joined.values()) joined.repoint(node);
  }
}
