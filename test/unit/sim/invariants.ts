// What holds at every moment, whatever fails: looked at after each transaction of the store, and before each interface that is made.
//
//   - an address and a MAC address have one owner: their keys and the endpoints' records say the same
//   - a freed address rests for 60 s, but for the endpoint that moves with its MAC address
//   - an endpoint is not given up in the store while its interface is there
//   - no two interfaces of one network have the same address or MAC address
//
// unless the schedule has had addresses of a host freed that still had them (`forfeited`), or has removed the host: what runs on there is no part of the
// cluster any more, its addresses go elsewhere at once, and nothing is sent to it (oracle.ts).

import { ADDRESSES, ALIVE, ENDPOINTS, MACS, NETWORKS, NODES, partsOf } from "../../../host/model/cluster/keys.ts";
import {
  ADDRESS_REST_SECONDS,
  type AddressRecord,
  type EndpointRecord,
  type NetworkRecord,
  type NodeRecord,
} from "../../../host/model/cluster/records.ts";
import type { WatchEvent } from "../../../host/model/cluster/store.ts";
import type { Host, Interface } from "./host.ts";

export interface Forces {
  /** Nodes that somebody removes. */
  readonly nodes: ReadonlySet<string>;
  /** 24 hours have passed: what dead nodes had is freed. */
  readonly day: boolean;
  /** Networks that somebody removes by force. */
  readonly networks: ReadonlySet<string>;
}

interface Freed {
  mac: string;
  atMs: number;
}

interface Held {
  record: AddressRecord;
  lease: string;
}

export class Mirror {
  readonly nodes = new Map<string, NodeRecord>();
  readonly alive = new Set<string>();
  readonly networks = new Map<string, NetworkRecord>();
  readonly endpoints = new Map<string, EndpointRecord>();
  readonly addresses = new Map<string, Held>();
  readonly macs = new Map<string, string>();
  readonly #hosts: () => readonly Host[];
  readonly #forces: Forces;
  readonly #now: () => number;
  /** By address: who had it last. */
  readonly #freed = new Map<string, Freed>();

  constructor(hosts: () => readonly Host[], forces: Forces, now: () => number) {
    this.#hosts = hosts;
    this.#forces = forces;
    this.#now = now;
  }

  /** Throws when what holds always does not. */
  take(events: readonly WatchEvent[]): void {
    const dead = (node: string) => !this.alive.has(node);
    const gone = events.flatMap((event) => (event.type === "delete" ? (this.endpoints.get(event.key) ?? []) : []));
    const wasDead = new Set(gone.filter(({ node }) => dead(node)).map(({ node }) => node));
    const vnis = new Map(gone.map(({ network }) => [network, this.networks.get(network)?.vni]));
    for (const event of events) this.#apply(event);
    for (const event of events) if (event.type === "put") this.#rested(event.entry);
    for (const { network, mac, addresses } of gone) {
      for (const cidr of addresses) this.#freed.set(`${network}/${cidr.split("/")[0]}`, { mac, atMs: this.#now() });
    }
    for (const record of gone) this.#givenUp(record, vnis.get(record.network), wasDead.has(record.node));
    this.check();
  }

  /** The store is another. */
  forget(): void {
    this.alive.clear();
    for (const part of [this.nodes, this.networks, this.endpoints, this.addresses, this.macs, this.#freed]) part.clear();
  }

  check(): void {
    const owners: string[] = [];
    const claims: string[] = [];
    for (const { network, node, id, mac, addresses } of this.endpoints.values()) {
      for (const cidr of addresses) claims.push(`${network}/${cidr.split("/")[0]} ${id} ${node}`);
      claims.push(`${network}/${mac} ${id}`);
    }
    for (const [key, { record }] of this.addresses) {
      if (record.endpoint !== null) owners.push(`${key} ${record.endpoint} ${record.node}`);
    }
    for (const [key, id] of this.macs) owners.push(`${key} ${id}`);
    const without = new Set(owners).symmetricDifference(new Set(claims));
    if (without.size > 0 || owners.length !== claims.length)
      throw new Error(`owners and endpoints disagree: ${[...without].join("; ")} (${owners.length}, ${claims.length})`);
    for (const [key, { record, lease }] of this.addresses)
      if ((record.endpoint === null) !== (lease !== "0")) throw new Error(`address ${key}: ${JSON.stringify(record)} on lease ${lease}`);
  }

  /** Throws when another has what this one is to have. */
  beforeInterface(made: Interface): void {
    if (this.#isRemoved(made.host)) return;
    for (const host of this.#hosts()) {
      if (this.#isRemoved(host)) continue;
      for (const other of host.all.values()) {
        if (other.vni !== made.vni || (other.netns === made.netns && other.name === made.name)) continue;
        const shared = other.mac === made.mac ? other.mac : other.ips.find((ip) => made.ips.includes(ip));
        if (shared === undefined || isForfeited(other) || isForfeited(made)) continue;
        throw new Error(`VNI ${made.vni}: ${shared} is ${describe(other)} and would be ${describe(made)}`);
      }
    }
  }

  /** Somebody has removed it, and its record is gone; whether its agent knows or not. */
  #isRemoved({ id }: Host): boolean {
    return this.#forces.nodes.has(id) && !this.nodes.has(id);
  }

  #apply(event: WatchEvent): void {
    const key = event.type === "put" ? event.entry.key : event.key;
    const value = event.type === "put" ? event.entry.value : null;
    const take = <T>(prefix: string, map: Map<string, T>, of: (text: string) => T, name = (rest: string) => rest) => {
      if (!key.startsWith(prefix)) return;
      if (value === null) map.delete(name(key.slice(prefix.length)));
      else map.set(name(key.slice(prefix.length)), of(value));
    };
    take(NODES, this.nodes, (text) => JSON.parse(text) as NodeRecord);
    take(NETWORKS, this.networks, (text) => JSON.parse(text) as NetworkRecord);
    take(
      ENDPOINTS,
      this.endpoints,
      (text) => JSON.parse(text) as EndpointRecord,
      () => key,
    );
    const lease = event.type === "put" ? event.entry.lease : "0";
    take(ADDRESSES, this.addresses, (text) => ({ record: JSON.parse(text) as AddressRecord, lease }));
    take(MACS, this.macs, (text) => text);
    if (key.startsWith(ALIVE)) this.alive[value === null ? "delete" : "add"](partsOf(key, ALIVE)[0]);
  }

  #rested({ key, value }: { key: string; value: string }): void {
    if (!key.startsWith(ENDPOINTS)) return;
    const { network, mac, addresses } = JSON.parse(value) as EndpointRecord;
    for (const cidr of addresses) {
      const ip = `${network}/${cidr.split("/")[0]}`;
      const before = this.#freed.get(ip);
      if (before && before.mac !== mac && this.#now() - before.atMs < ADDRESS_REST_SECONDS * 1000)
        throw new Error(`address ${ip} of ${before.mac} was given to ${mac} after ${this.#now() - before.atMs} ms`);
    }
  }

  #givenUp({ id, node, network, mac }: EndpointRecord, vni: number | undefined, wasDead: boolean): void {
    const host = this.#hosts().find((one) => one.id === node);
    if (!host) return;
    const left = [...host.all.values()].find((one) => one.vni === vni && one.mac === mac);
    const sandbox = host.sandboxes.find(({ has, path }) => has?.endpoint === id || path === left?.netns);
    if ((!left && !sandbox?.has) || sandbox?.forfeited) return;
    const { nodes, day, networks } = this.#forces;
    const forced = nodes.has(node) || (wasDead && (day || networks.has(network)));
    if (!forced)
      throw new Error(
        `endpoint ${id.slice(0, 12)} of ${host.name} was given up in the store while ${left ? "its interface is there" : "its user has it"}`,
      );
    if (sandbox) {
      sandbox.forfeited = true;
      sandbox.has = null;
    }
  }
}

function isForfeited({ host, netns }: Interface): boolean {
  return host.sandboxes.find(({ path }) => path === netns)?.forfeited ?? false;
}

function describe({ host, netns, name, mac, ips }: Interface): string {
  return `that of ${netns.slice(netns.lastIndexOf("/") + 1)}/${name} on ${host.name} (${ips.join(", ")}, ${mac})`;
}
