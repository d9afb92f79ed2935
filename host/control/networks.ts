// What the static file says of networks, written to the tables: networks, VTEPs, FDB, neighbours. Indices are given out here, in file
// order, from 1. Main thread, before the workers start.

import * as abi from "../../assembly/abi/index.ts";
import type { Entries } from "../core/entries.ts";
import type { TableAnswer, Tables } from "../core/tables.ts";
import type { NetworkConfig, StaticConfig } from "../model/config.ts";
import { OperationError } from "../model/errors.ts";
import { canonicalIp, familyOf, parseIp } from "../model/ip.ts";
import { parseMac } from "../model/mac.ts";
import { overlayMtuOf, type UnderlayMtu } from "../model/mtu.ts";

export interface Network {
  index: number;
  config: NetworkConfig;
  /** Inner IP MTU in bytes. */
  mtu: number;
  /** VTEP indices that get what is flooded. */
  peers: number[];
  /** VTEP indices whose frames are accepted: peers, and those that FDB entries name. */
  sources: number[];
  /** Addresses seen to change their place, and learned ones that found no room, since start. */
  moves: number;
  refused: number;
}

/** A VTEP's index by its canonical address, and back. */
export class Vteps {
  readonly addresses: string[] = [""];
  readonly #indices = new Map<string, number>();
  readonly #entries: Entries;
  readonly #tables: Tables;
  readonly #port: number;
  /** Largest inner packet that this host's underlay takes, in bytes. */
  readonly mtu: number;

  constructor(entries: Entries, tables: Tables, port: number, underlay: UnderlayMtu, vtep: string) {
    this.#entries = entries;
    this.#tables = tables;
    this.#port = port;
    this.mtu = overlayMtuOf(underlay, familyOf(vtep));
    tables.setVtepAddress(parseIp(vtep), 0);
    entries.setOwnAddress(parseIp(vtep));
  }

  /** The VTEP's index, given out when it is new; 0 when there is no room for one more. */
  indexOf(address: string): number {
    const text = canonicalIp(address);
    const known = this.#indices.get(text);
    if (known !== undefined) return known;
    const index = this.addresses.length;
    if (index >= abi.VTEPS_MAX) return 0;
    const bytes = parseIp(text);
    this.#entries.setVtep(index, { family: familyOf(text), port: this.#port, mtu: this.mtu, address: bytes });
    if (this.#tables.setVtepAddress(bytes, index) === "full") return 0;
    this.addresses.push(text);
    this.#indices.set(text, index);
    return index;
  }
}

function flagsOf(config: NetworkConfig): number {
  return (
    (config.learning ? abi.NETWORK_LEARNING : 0) |
    (config.allowUnlistedSources ? abi.NETWORK_UNLISTED_SOURCES : 0) |
    (config.ignoreReservedBits ? abi.NETWORK_RESERVED_BITS : 0) |
    (config.allowVlanTags ? abi.NETWORK_VLAN_TAGS : 0) |
    (config.probes ? abi.NETWORK_PROBES : 0)
  );
}

/**
 * Learned addresses may fill what static ones leave, less an eighth for static ones still to come; each network an equal share, so that a
 * flood of addresses in one takes no room from another.
 */
function learnedMax(config: StaticConfig): number {
  const fixed = config.networks.reduce((sum, network) => sum + network.fdb.length + network.ports.length, 0);
  return Math.max(0, Math.floor(((config.fdbCapacity - fixed) * 0.875) / config.networks.length));
}

/** What the file says must fit; its sizes were checked (host/config/rules.ts), so a table that says no is out of luck with its hash. */
function assertPlaced(answer: TableAnswer, what: string): void {
  if (answer === "full") throw new OperationError(`${what}: no room in the table: raise fdbCapacity`);
}

/** Writes every network of the file; ports are added later, as their interfaces come up. Throws OperationError when a table has no room. */
export function writeNetworks(config: StaticConfig, entries: Entries, tables: Tables, vteps: Vteps): Network[] {
  const placed = (vtep: string) => {
    const index = vteps.indexOf(vtep);
    if (index === 0) throw new OperationError(`VTEP ${vtep}: no room in the table: at most ${abi.VTEPS_MAX - 1} fit`);
    return index;
  };
  return config.networks.map((network, i) => {
    const index = i + 1;
    const mtu = network.mtu ?? vteps.mtu;
    entries.setNetwork(index, {
      vni: network.vni,
      flags: flagsOf(network),
      mtu,
      tos: network.tos === "inherit" ? -1 : network.tos,
      ttl: network.ttl === "inherit" ? -1 : network.ttl,
      ageingSeconds: network.ageingSeconds,
      learnedMax: learnedMax(config),
    });
    for (const { mac, vtep } of network.fdb) {
      const answer = tables.setFdb(index, parseMac(mac), { kind: "vtep", index: placed(vtep), isStatic: true });
      assertPlaced(answer, `network ${network.name}, fdb ${mac}`);
    }
    for (const { ip, mac } of network.neighbors) {
      assertPlaced(tables.setNeighbor(index, parseIp(ip), parseMac(mac)), `network ${network.name}, neighbor ${ip}`);
    }
    const peers = network.peers.map(placed);
    const sources = [...new Set([...peers, ...network.fdb.map(({ vtep }) => placed(vtep))])];
    return { index, config: network, mtu, peers, sources, moves: 0, refused: 0 };
  });
}
