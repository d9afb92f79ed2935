// What the tables have, as plan() compares it: all of it, read from shared memory in one pass, or the few entries that it will ask for. Main thread.

import { SPACE_VTEP } from "../../assembly/abi/table.ts";
import { addressEntries, fdbEntries } from "../core/read.ts";
import type { PortConfig } from "../model/config.ts";
import { formatIp, parseIp } from "../model/ip.ts";
import { formatMac, parseMac } from "../model/mac.ts";
import type { DataPlane } from "./dataplane.ts";
import type { Network, Networks } from "./networks.ts";
import type { Actual, ActualNetwork, Lookup } from "./plan.ts";
import type { Ports } from "./ports.ts";
import type { Vtep, Vteps } from "./vteps.ts";

export interface Parts {
  plane: DataPlane;
  networks: Networks;
  vteps: Vteps;
  ports: Ports;
}

/** Everything. */
export interface Snapshot {
  actual: Actual;
  /** Static FDB entries of each network, by VTEP. */
  places: ReadonlyMap<Network, ReadonlyMap<Vtep, number>>;
  /** VTEPs that some entry names, learned ones too. */
  used: ReadonlySet<number>;
  /** Removes what belongs to no network or leads to no VTEP or port; answers how many entries. */
  removeStrays(): number;
}

/** The networks of these names, their entries looked up one by one, when they are asked for. */
export function liveActual(parts: Parts, names: Iterable<string>): Actual {
  const { plane, networks, vteps } = parts;
  const actual = new Map<string, ActualNetwork>();
  for (const name of names) {
    const network = networks.find(name);
    if (network === undefined) continue;
    const fdb = (mac: string) => {
      const target = plane.tables.fdb(network.index, parseMac(mac));
      return target?.kind === "vtep" && target.isStatic ? vteps.at(target.index)?.address : undefined;
    };
    const neighbor = (ip: string) => {
      const mac = plane.tables.neighbor(network.index, parseIp(ip));
      return mac === undefined ? undefined : formatMac(mac);
    };
    actual.set(name, networkOf(parts, network, lookUp(fdb), lookUp(neighbor)));
  }
  return actual;
}

export function readActual(parts: Parts): Snapshot {
  const { plane, networks, vteps, ports } = parts;
  const read = new Map(networks.all.map((network) => [network.index, emptyReading(network)]));
  const used = new Set<number>();
  const strays: (() => void)[] = [];
  for (const { network, mac, target } of fdbEntries(plane.memory)) {
    const found = read.get(network);
    const vtep = target.kind === "vtep" ? vteps.at(target.index) : undefined;
    if (found === undefined || (vtep === undefined && (target.kind === "vtep" || ports.at(target.index)?.network !== found.network))) {
      strays.push(() => plane.tables.removeFdb(network, mac));
    } else if (vtep !== undefined) {
      used.add(vtep.index);
      if (!target.isStatic) continue;
      found.fdb.set(formatMac(mac), vtep.address);
      found.places.set(vtep, (found.places.get(vtep) ?? 0) + 1);
    }
  }
  for (const { space, address, value } of addressEntries(plane.memory)) {
    const found = read.get(space);
    if (found) found.neighbors.set(formatIp(address), formatMac(value));
    else if (space !== SPACE_VTEP) strays.push(() => plane.tables.removeNeighbor(space, address));
  }
  const all = [...read.values()];
  return {
    actual: new Map(all.map(({ network, fdb, neighbors }) => [network.name, networkOf(parts, network, fdb, neighbors)])),
    places: new Map(all.map(({ network, places }) => [network, places])),
    used,
    removeStrays: () => {
      for (const remove of strays) remove();
      return strays.length;
    },
  };
}

function emptyReading(network: Network) {
  return { network, fdb: new Map<string, string>(), neighbors: new Map<string, string>(), places: new Map<Vtep, number>() };
}

function networkOf({ ports }: Parts, network: Network, fdb: Lookup, neighbors: Lookup): ActualNetwork {
  const configs = new Map<string, PortConfig>(ports.of(network).map(({ key, config }) => [key, config]));
  return { settings: network.settings, peers: network.peers, fdb, neighbors, ports: configs };
}

/** What is no MAC or address is in no table. */
function lookUp(get: (key: string) => string | undefined): Lookup {
  const tryGet = (key: string) => {
    try {
      return get(key);
    } catch {
      return undefined;
    }
  };
  return { get: tryGet, keys: () => new Map<string, string>().keys(), size: 0 };
}
