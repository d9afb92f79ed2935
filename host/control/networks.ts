// The networks of this host, written to the core's tables: rows, FDB, neighbours, flood lists. A network that goes is withdrawn, and its index given out
// again when no worker can be using it. Main thread.

import * as abi from "../../assembly/abi/index.ts";
import { readFlood } from "../core/flood.ts";
import { addressEntries } from "../core/read.ts";
import type { TableAnswer } from "../core/tables.ts";
import { OperationError } from "../model/errors.ts";
import type { NetworkSettings } from "../model/forwarding.ts";
import { parseIp } from "../model/ip.ts";
import { parseMac } from "../model/mac.ts";
import type { DataPlane } from "./dataplane.ts";
import { FormerCounters } from "./former.ts";
import { Indices } from "./indices.ts";
import type { Retired } from "./retired.ts";
import type { Vtep, Vteps } from "./vteps.ts";

export interface Network {
  readonly index: number;
  /** By which it is asked for (Desired). */
  readonly key: string;
  readonly name: string;
  settings: NetworkSettings;
  /** Inner IP MTU in bytes. */
  mtu: number;
  /** By address: VTEPs that get what is flooded, and whose frames are accepted. */
  peers: Map<string, Vtep>;
  /** VTEPs that FDB entries name, with how many do: their frames are accepted as well. */
  places: Map<Vtep, number>;
  /** Addresses seen to change their place, and learned ones that found no room, since it was made. */
  moves: number;
  refused: number;
}

/** Indices of a network's ports that are up, in their order. */
type PortsOf = (network: Network) => number[];

export class Networks {
  readonly #plane: DataPlane;
  readonly #vteps: Vteps;
  readonly #retired: Retired;
  readonly #fdbCapacity: number;
  readonly #indices = new Indices(abi.NETWORKS_MAX);
  readonly #byIndex: (Network | undefined)[] = [];
  readonly #byKey = new Map<string, Network>();
  /** What was counted in those that are no more. */
  readonly former: FormerCounters;
  /** Whose flood list is not what it should be. */
  readonly #stale = new Set<Network>();
  #learnedMax = 0;

  constructor(plane: DataPlane, vteps: Vteps, retired: Retired, fdbCapacity: number) {
    this.#plane = plane;
    this.#vteps = vteps;
    this.#retired = retired;
    this.#fdbCapacity = fdbCapacity;
    this.former = new FormerCounters(plane);
  }

  get all(): Network[] {
    return [...this.#byKey.values()];
  }

  at(index: number): Network | undefined {
    return this.#byIndex[index];
  }

  find(key: string): Network | undefined {
    return this.#byKey.get(key);
  }

  /** Throws OperationError when it is not there: it could not be made. */
  get(key: string): Network {
    const network = this.#byKey.get(key);
    if (network === undefined) throw new OperationError("there is no such network on this host");
    return network;
  }

  /** Throws OperationError when there is no room, or another network has its VNI. */
  add(key: string, settings: NetworkSettings): void {
    this.#assertFree(settings.vni);
    const index = this.#indices.take();
    if (index === 0) throw new OperationError(`no room in the table: at most ${abi.NETWORKS_MAX - 1} fit`);
    const network: Network = {
      index,
      key,
      name: settings.name,
      settings,
      mtu: settings.mtu ?? this.#vteps.mtu,
      peers: new Map(),
      places: new Map(),
      moves: 0,
      refused: 0,
    };
    this.#byIndex[index] = network;
    this.#byKey.set(key, network);
    this.#write(network);
    this.#stale.add(network);
  }

  /** Other settings, the same VNI. Answers whether its MTU is another. */
  change(network: Network, settings: NetworkSettings): boolean {
    const before = network.mtu;
    network.settings = settings;
    network.mtu = settings.mtu ?? this.#vteps.mtu;
    this.#write(network);
    return network.mtu !== before;
  }

  /** Takes networks, whose ports have been withdrawn, from the workers. */
  withdraw(networks: readonly Network[]): void {
    if (networks.length === 0) return;
    const { entries, tables, memory } = this.#plane;
    for (const network of networks) {
      this.#byIndex[network.index] = undefined;
      this.#byKey.delete(network.key);
      this.#stale.delete(network);
      this.former.leave(network.index);
      entries.unmapNetwork(network.index);
      tables.clearFdb(network.index);
      for (const vtep of network.peers.values()) this.#vteps.unuse(vtep);
      for (const [vtep, count] of network.places) this.#vteps.unuse(vtep, count);
      this.#retired.later(() => this.#free(network.index));
    }
    const gone = new Set(networks.map(({ index }) => index));
    const left = [...addressEntries(memory)].filter(({ space }) => gone.has(space));
    for (const { space, address } of left) tables.removeNeighbor(space, address);
  }

  /** Answers what could not be had, one line each. */
  setPeers(network: Network, addresses: readonly string[]): string[] {
    const failures: string[] = [];
    const before = network.peers;
    network.peers = new Map();
    for (const address of addresses) {
      try {
        const vtep = this.#vteps.place(address);
        network.peers.set(address, vtep);
        this.#vteps.use(vtep);
      } catch (error) {
        failures.push((error as Error).message);
      }
    }
    for (const vtep of before.values()) this.#vteps.unuse(vtep);
    this.#stale.add(network);
    return failures;
  }

  /** Throws OperationError when there is no room. */
  setFdb(network: Network, mac: string, address: string): void {
    const number = parseMac(mac);
    const vtep = this.#vteps.place(address);
    const before = this.#placedAt(network, number);
    assertPlaced(this.#plane.tables.setFdb(network.index, number, { kind: "vtep", index: vtep.index, isStatic: true }));
    if (before === vtep) return;
    this.#count(network, vtep, 1);
    if (before) this.#count(network, before, -1);
  }

  removeFdb(network: Network, mac: string): void {
    const number = parseMac(mac);
    const before = this.#placedAt(network, number);
    // Meanwhile a port may have it.
    if (before === undefined) return;
    this.#plane.tables.removeFdb(network.index, number);
    this.#count(network, before, -1);
  }

  /** Throws OperationError when there is no room. */
  setNeighbor(network: Network, ip: string, mac: string): void {
    assertPlaced(this.#plane.tables.setNeighbor(network.index, parseIp(ip), parseMac(mac)));
  }

  removeNeighbor(network: Network, ip: string): void {
    this.#plane.tables.removeNeighbor(network.index, parseIp(ip));
  }

  /** Its flood list is to be written anew. */
  reflood(network: Network): void {
    this.#stale.add(network);
  }

  /** Writes the flood lists that are not what they should be. Rejects when a worker hangs: they stay marked. */
  async writeFloods(portsOf: PortsOf): Promise<void> {
    for (const network of this.#stale) {
      if (this.#byIndex[network.index] === network) await this.#plane.setFlood(network.index, floodOf(network, portsOf));
      this.#stale.delete(network);
    }
  }

  /**
   * Learned addresses get equal shares of what `fixed` entries leave, less an eighth for fixed ones still to come: a flood of them in one network takes
   * no room from another.
   */
  share(fixed: number): void {
    const share = Math.max(0, Math.floor(((this.#fdbCapacity - fixed) * 0.875) / Math.max(1, this.#byKey.size)));
    if (share === this.#learnedMax) return;
    this.#learnedMax = share;
    for (const network of this.#byKey.values()) this.#plane.entries.network(network.index)[abi.N_LEARNED_MAX / 4] = this.#learnedMax;
  }

  /** FDB entries of each VTEP, as the tables have them: what was counted may have been removed by somebody else. */
  recount(network: Network, places: ReadonlyMap<Vtep, number>): void {
    for (const vtep of new Set([...places.keys(), ...network.places.keys()])) {
      const difference = (places.get(vtep) ?? 0) - (network.places.get(vtep) ?? 0);
      if (difference !== 0) this.#count(network, vtep, difference);
    }
  }

  /** Puts right rows and flood lists; answers how many were wrong. */
  repair(portsOf: PortsOf): number {
    const { entries, memory } = this.#plane;
    let wrong = 0;
    for (const network of this.#byKey.values()) {
      const row = entries.network(network.index);
      const before = row.slice();
      const mapped = entries.networkOfVni(network.settings.vni) === network.index;
      this.#write(network);
      if (!mapped || row.some((word, i) => word !== before[i])) wrong++;
      if (this.#stale.has(network) || JSON.stringify(readFlood(memory, network.index)) === JSON.stringify(floodOf(network, portsOf)))
        continue;
      this.#stale.add(network);
      wrong++;
    }
    return wrong;
  }

  #assertFree(vni: number): void {
    const other = this.#byIndex[this.#plane.entries.networkOfVni(vni)];
    if (other?.settings.vni === vni) throw new OperationError(`VNI ${vni} is network ${other.name}'s`);
  }

  #write({ index, settings, mtu }: Network): void {
    this.#plane.entries.setNetwork(index, {
      vni: settings.vni,
      flags: flagsOf(settings),
      mtu,
      tos: settings.tos === "inherit" ? -1 : settings.tos,
      ttl: settings.ttl === "inherit" ? -1 : settings.ttl,
      ageingSeconds: settings.ageingSeconds,
      learnedMax: this.#learnedMax,
    });
  }

  /** The VTEP that the control plane placed a MAC behind. */
  #placedAt(network: Network, mac: number): Vtep | undefined {
    const target = this.#plane.tables.fdb(network.index, mac);
    return target?.kind === "vtep" && target.isStatic ? this.#vteps.at(target.index) : undefined;
  }

  #count(network: Network, vtep: Vtep, by: number): void {
    const before = network.places.get(vtep) ?? 0;
    if (before + by > 0) network.places.set(vtep, before + by);
    else network.places.delete(vtep);
    if (by > 0) this.#vteps.use(vtep, by);
    else this.#vteps.unuse(vtep, -by);
    // It became a source, or is none any more.
    if (!network.peers.has(vtep.address) && (before === 0 || before + by === 0)) this.#stale.add(network);
  }

  /** No worker counts in it any more. */
  #free(index: number): void {
    this.former.free(index);
    this.#plane.entries.clearNetwork(index);
    this.#indices.give(index);
  }
}

/** VTEPs whose frames a network accepts. */
export function sourcesOf({ peers, places }: Network): Set<Vtep> {
  return new Set([...peers.values(), ...places.keys()]);
}

function floodOf(network: Network, portsOf: PortsOf) {
  const sources = [...sourcesOf(network)].map(({ index }) => index).sort((a, b) => a - b);
  return { vteps: [...network.peers.values()].map(({ index }) => index), ports: portsOf(network), sources };
}

function flagsOf(settings: NetworkSettings): number {
  return (
    (settings.learning ? abi.NETWORK_LEARNING : 0) |
    (settings.allowUnlistedSources ? abi.NETWORK_UNLISTED_SOURCES : 0) |
    (settings.ignoreReservedBits ? abi.NETWORK_RESERVED_BITS : 0) |
    (settings.allowVlanTags ? abi.NETWORK_VLAN_TAGS : 0) |
    (settings.probes ? abi.NETWORK_PROBES : 0)
  );
}

function assertPlaced(answer: TableAnswer): void {
  if (answer === "full") throw new OperationError("no room in the table: raise fdbCapacity");
}
