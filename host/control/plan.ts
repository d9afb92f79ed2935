// What has to be done to make the tables and ports what they should be: a comparison, and nothing else. Pure; host/control/forwarding.ts does what it says,
// in the order given:
//
//   withdraw ports and networks → networks → peers → entries changed, removed, added → ports changed and made
//
// so that an entry is changed in place rather than removed and made again, what is removed makes room for what comes, and a port finds its network ready.

import type { PortConfig } from "../model/config.ts";
import type { Desired, DesiredNetwork, Dirty, DirtyNetwork, NetworkSettings } from "../model/forwarding.ts";

/** Key → value, as it is now; `keys` and `size` are asked for only when everything is compared. */
export interface Lookup extends Pick<ReadonlyMap<string, string>, "get" | "size"> {
  keys(): Iterable<string>;
}

/** A network as it is. */
export interface ActualNetwork {
  settings: NetworkSettings;
  peers: ReadonlySetLike<string>;
  /** MAC → VTEP, of what was placed here: neither learned entries nor those of ports. */
  fdb: Lookup;
  /** IP → MAC, those of ports' addresses among them. */
  neighbors: Lookup;
  /** By `netns/interface`, whether they could be had or not. */
  ports: ReadonlyMap<string, PortConfig>;
}

export type Actual = ReadonlyMap<string, ActualNetwork>;

/** `network` is its key in Desired; `key` is what it is about: a MAC, an IP address, `netns/interface`, or nothing. */
export type Action = { network: string; key: string } & (
  | { do: "addNetwork" | "changeNetwork"; settings: NetworkSettings }
  | { do: "removeNetwork" | "removePort" | "removeFdb" | "removeNeighbor" }
  | { do: "setPeers"; peers: readonly string[] }
  | { do: "setFdb" | "setNeighbor"; value: string }
  | { do: "addPort" | "changePort"; port: PortConfig }
);

/** By the order in which they are done. */
class Steps {
  readonly withdraw: Action[] = [];
  readonly networks: Action[] = [];
  readonly peers: Action[] = [];
  readonly change: Action[] = [];
  readonly remove: Action[] = [];
  readonly add: Action[] = [];
  readonly ports: Action[] = [];

  inOrder(): Action[] {
    return [this.withdraw, this.networks, this.peers, this.change, this.remove, this.add, this.ports].flat();
  }
}

/** A network that is not there yet. */
const NOTHING: ActualNetwork = {
  settings: {} as NetworkSettings,
  peers: new Set(),
  fdb: new Map(),
  neighbors: new Map(),
  ports: new Map(),
};
/** What makes `actual` what is desired; of what is not dirty, nothing is looked at. */
export function plan(actual: Actual, desired: Desired, dirty: Dirty): Action[] {
  const steps = new Steps();
  if (dirty === "all") {
    for (const name of new Set([...actual.keys(), ...desired.keys()])) network(steps, name, actual.get(name), desired.get(name), "all");
  } else {
    for (const [name, part] of dirty) network(steps, name, actual.get(name), desired.get(name), part);
  }
  return steps.inOrder();
}

function network(
  steps: Steps,
  name: string,
  actual: ActualNetwork | undefined,
  desired: DesiredNetwork | undefined,
  dirty: "all" | DirtyNetwork,
): void {
  // A VNI is what a network is: with another one it is another network.
  const goes = actual !== undefined && actual.settings.vni !== desired?.settings.vni;
  if (goes) steps.withdraw.push({ do: "removeNetwork", network: name, key: "" });
  if (desired === undefined) return;
  if (goes || actual === undefined) {
    steps.networks.push({ do: "addNetwork", network: name, key: "", settings: desired.settings });
    contents(steps, name, NOTHING, desired, "all");
    return;
  }
  if ((dirty === "all" || dirty.frame) && !same(actual.settings, desired.settings)) {
    steps.networks.push({ do: "changeNetwork", network: name, key: "", settings: desired.settings });
  }
  contents(steps, name, actual, desired, dirty);
}

function contents(steps: Steps, name: string, actual: ActualNetwork, desired: DesiredNetwork, dirty: "all" | DirtyNetwork): void {
  const own = owned(desired.ports);
  const places: Comparison = {
    network: name,
    is: actual.fdb,
    shall: (mac) => (own.macs.has(mac) ? undefined : desired.fdb.get(mac)),
    set: "setFdb",
    remove: "removeFdb",
  };
  const owners: Comparison = {
    network: name,
    is: actual.neighbors,
    shall: (ip) => own.ips.get(ip) ?? desired.neighbors.get(ip),
    set: "setNeighbor",
    remove: "removeNeighbor",
  };
  if (dirty === "all" || dirty.frame) {
    peers(steps, name, actual, desired);
    ports(steps, name, actual, desired);
  }
  if (dirty === "all") {
    everyEntry(steps, places, [desired.fdb]);
    everyEntry(steps, owners, [own.ips, desired.neighbors]);
    return;
  }
  const moved = dirty.frame ? movedWithPorts(actual, desired) : NO_KEYS;
  for (const mac of dirty.macs.union(moved.macs)) entry(steps, places, mac, places.is.get(mac), places.shall(mac));
  for (const ip of dirty.ips.union(moved.ips)) entry(steps, owners, ip, owners.is.get(ip), owners.shall(ip));
}

interface Keys {
  macs: Set<string>;
  ips: Set<string>;
}

const NO_KEYS: Keys = { macs: new Set(), ips: new Set() };

/** Entries of one kind, as they are and as they shall be. */
interface Comparison {
  network: string;
  is: Lookup;
  shall: (key: string) => string | undefined;
  set: "setFdb" | "setNeighbor";
  remove: "removeFdb" | "removeNeighbor";
}

/** `wanted`: all that shall be; of maps that have the same key the first counts. */
function everyEntry(steps: Steps, comparison: Comparison, wanted: readonly ReadonlyMap<string, string>[]): void {
  const { is, shall } = comparison;
  let found = 0;
  for (const [i, map] of wanted.entries()) {
    for (const key of map.keys()) {
      const value = shall(key);
      if (value === undefined || (i > 0 && wanted[0].has(key))) continue;
      const now = is.get(key);
      if (now !== undefined) found++;
      entry(steps, comparison, key, now, value);
    }
  }
  if (found === is.size) return;
  for (const key of is.keys()) if (shall(key) === undefined) entry(steps, comparison, key, is.get(key), undefined);
}

function entry(steps: Steps, { network, set, remove }: Comparison, key: string, is: string | undefined, shall: string | undefined): void {
  if (is === shall) return;
  if (shall === undefined) steps.remove.push({ do: remove, network, key });
  else (is === undefined ? steps.add : steps.change).push({ do: set, network, key, value: shall });
}

function peers(steps: Steps, name: string, actual: ActualNetwork, desired: DesiredNetwork): void {
  const agree = actual.peers.size === desired.peers.size && [...desired.peers].every((peer) => actual.peers.has(peer));
  if (!agree) steps.peers.push({ do: "setPeers", network: name, key: "", peers: [...desired.peers] });
}

function ports(steps: Steps, name: string, actual: ActualNetwork, desired: DesiredNetwork): void {
  for (const key of actual.ports.keys()) {
    if (!desired.ports.has(key)) steps.withdraw.push({ do: "removePort", network: name, key });
  }
  for (const [key, port] of desired.ports) {
    const before = actual.ports.get(key);
    if (before === undefined) steps.ports.push({ do: "addPort", network: name, key, port });
    else if (!samePort(before, port)) steps.ports.push({ do: "changePort", network: name, key, port });
  }
}

/** What belongs to ports, whatever else is said of it: their MACs lead to them while they are up, their addresses to their MACs. */
function owned(all: ReadonlyMap<string, PortConfig>): { macs: Set<string>; ips: Map<string, string> } {
  const own = { macs: new Set<string>(), ips: new Map<string, string>() };
  for (const { mac, addresses } of all.values()) {
    own.macs.add(mac);
    for (const address of addresses) own.ips.set(ipOf(address), mac);
  }
  return own;
}

/** Of `address/prefix-length`. */
function ipOf(cidr: string): string {
  return cidr.slice(0, cidr.indexOf("/"));
}

/** Keys whose entries may change because ports came, went or changed. */
function movedWithPorts(actual: ActualNetwork, desired: DesiredNetwork): Keys {
  const keys = { macs: new Set<string>(), ips: new Set<string>() };
  const note = (port: PortConfig | undefined) => {
    if (port === undefined) return;
    keys.macs.add(port.mac);
    for (const address of port.addresses) keys.ips.add(ipOf(address));
  };
  for (const key of new Set([...actual.ports.keys(), ...desired.ports.keys()])) {
    const [before, after] = [actual.ports.get(key), desired.ports.get(key)];
    if (before !== undefined && after !== undefined && samePort(before, after)) continue;
    note(before);
    note(after);
  }
  return keys;
}

function same(a: NetworkSettings, b: NetworkSettings): boolean {
  const keys = Object.keys({ ...a, ...b }) as (keyof NetworkSettings)[];
  return keys.every((key) => a[key] === b[key]);
}

function samePort(a: PortConfig, b: PortConfig): boolean {
  const agree = a.netns === b.netns && a.interface === b.interface && a.mac === b.mac;
  return agree && sameTexts(a.addresses, b.addresses) && sameTexts(a.routes ?? [], b.routes ?? []);
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text) => b.includes(text));
}
