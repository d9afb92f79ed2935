// What the tables have, as plan() compares it: which keys there are, read from shared memory in one pass, or none of them; what a key leads to is looked up
// when it is asked for. Main thread.

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

/** The networks of these keys, their entries looked up one by one, when they are asked for. */
export function liveActual(parts: Parts, keys: Iterable<string>): Actual {
  const found = [...keys].flatMap((key) => parts.networks.find(key) ?? []);
  return new Map(found.map((network) => [network.key, networkOf(parts, network, [], [])]));
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
      found.macs.push(mac);
      found.places.set(vtep, (found.places.get(vtep) ?? 0) + 1);
    }
  }
  for (const { space, address } of addressEntries(plane.memory)) {
    const found = read.get(space);
    if (found) found.ips.push(formatIp(address));
    else if (space !== SPACE_VTEP) strays.push(() => plane.tables.removeNeighbor(space, address));
  }
  const all = [...read.values()];
  return {
    actual: new Map(all.map(({ network, macs, ips }) => [network.key, networkOf(parts, network, macs, ips)])),
    places: new Map(all.map(({ network, places }) => [network, places])),
    used,
    removeStrays: () => {
      for (const remove of strays) remove();
      return strays.length;
    },
  };
}

/** Keys alone, and as small as can be: of a hundred thousand entries, copied each half minute, a copy of all would be what takes most of an agent's memory. */
function emptyReading(network: Network) {
  return { network, macs: [] as number[], ips: [] as string[], places: new Map<Vtep, number>() };
}

function networkOf({ plane, vteps, ports }: Parts, network: Network, macs: readonly number[], ips: readonly string[]): ActualNetwork {
  const place = (mac: string) => {
    const target = plane.tables.fdb(network.index, parseMac(mac));
    return target?.kind === "vtep" && target.isStatic ? vteps.at(target.index)?.address : undefined;
  };
  const owner = (ip: string) => {
    const mac = plane.tables.neighbor(network.index, parseIp(ip));
    return mac === undefined ? undefined : formatMac(mac);
  };
  return {
    settings: network.settings,
    peers: network.peers,
    fdb: { get: lookUp(place), keys: () => macs.values().map(formatMac), size: macs.length },
    neighbors: { get: lookUp(owner), keys: () => ips.values(), size: ips.length },
    ports: new Map<string, PortConfig>(ports.of(network).map(({ key, config }) => [key, config])),
  };
}

/** What is no MAC or address is in no table. */
function lookUp(get: (key: string) => string | undefined): Lookup["get"] {
  return (key) => {
    try {
      return get(key);
    } catch {
      return undefined;
    }
  };
}
