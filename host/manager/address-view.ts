// A manager's picture of all addresses, kept by a watch, so that choosing one in a network of a hundred thousand reads none of them. It may be
// behind: what is chosen by it is judged by the transaction alone. What this manager has just chosen, and the picture does not show yet, is
// marked, so that requests that come together are not given the same. Main thread.

import { formatAddress, formatBlock } from "../ipam/block.ts";
import { chooseAddress, type Space } from "../ipam/space.ts";
import { ADDRESSES, addressKey, networkAddresses, partsOf } from "../model/cluster/keys.ts";
import type { Entry, Range, Store, Watch, WatchEvent } from "../model/cluster/store.ts";
import { NetworkAddresses } from "./network-addresses.ts";

export class AddressView {
  readonly #store: Store;
  readonly #watch: Watch;
  /** null until the first snapshot is here. */
  #networks: Map<string, NetworkAddresses> | null = null;
  /** Nothing is heard while it is not: the picture may be old. */
  #connected = false;
  #revision = 0;
  /** Address key → the revision from which on the picture can be trusted about it; Infinity while its transaction is under way. */
  readonly #marks = new Map<string, number>();
  /** Network and subnet → the last address that was chosen there. */
  readonly #cursors = new Map<string, bigint>();

  constructor(store: Store) {
    this.#store = store;
    this.#watch = store.watch(ADDRESSES, {
      onSnapshot: (range) => this.#replace(range),
      onEvents: (events, revision) => this.#change(events, revision),
      onConnection: (connected) => {
        this.#connected = connected;
      },
    });
  }

  /** The addresses of a network: by the picture when it is kept up and not distrusted, else read. */
  async of(network: string, distrusted = false): Promise<NetworkAddresses> {
    if (this.#networks && this.#connected && !distrusted) return this.#networks.get(network) ?? new NetworkAddresses();
    return grouped((await this.#store.list(networkAddresses(network))).entries).get(network) ?? new NetworkAddresses();
  }

  /** Whether there is a picture at all. */
  get isKnown(): boolean {
    return this.#networks !== null;
  }

  /** The addresses of a network by the picture, however old it is; undefined when there are none. */
  known(network: string): NetworkAddresses | undefined {
    return this.#networks?.get(network);
  }

  /** Node → endpoints that it has, each of which has one IPv4 address; null while the picture may be old. */
  endpointsByNode(): Map<string, number> | null {
    if (!this.#networks || !this.#connected) return null;
    const counts = new Map<string, number>();
    for (const network of this.#networks.values())
      for (const { node, count } of network.holders(4)) counts.set(node, (counts.get(node) ?? 0) + count);
    return counts;
  }

  /** The next free address of a subnet, marked until `settle`; null when it is full. Nothing is awaited between choice and mark. */
  choose(network: string, space: Space, addresses: NetworkAddresses): string | null {
    const { family } = space.subnet;
    const cursor = `${network} ${formatBlock(space.subnet)}`;
    const after = this.#cursors.get(cursor) ?? addresses.latest(family)?.value ?? null;
    const busy = (value: bigint) => this.#marks.has(addressKey(network, formatAddress(family, value)));
    const value = chooseAddress(space, addresses.taken[family], after, busy);
    if (value === null) return null;
    this.#cursors.set(cursor, value);
    const ip = formatAddress(family, value);
    this.#marks.set(addressKey(network, ip), Number.POSITIVE_INFINITY);
    return ip;
  }

  /** How the transaction with a chosen address ended: at a revision, well or not, or nobody knows. */
  settle(network: string, ip: string, revision: number | null): void {
    const key = addressKey(network, ip);
    if (revision === null || this.#networks === null || revision <= this.#revision) this.#marks.delete(key);
    else this.#marks.set(key, revision);
  }

  /** A network is gone: nothing of it is remembered. */
  forget(network: string): void {
    for (const cursor of this.#cursors.keys()) if (cursor.startsWith(`${network} `)) this.#cursors.delete(cursor);
  }

  close(): void {
    this.#watch.close();
    this.#networks = null;
  }

  #replace({ revision, entries }: Range): void {
    this.#networks = grouped(entries);
    this.#connected = true;
    // Perhaps another store (a backup was restored): marks and cursors of the old one mean nothing.
    if (revision < this.#revision) this.#cursors.clear();
    this.#reached(revision, revision < this.#revision);
  }

  #change(events: WatchEvent[], revision: number): void {
    const networks = this.#networks as Map<string, NetworkAddresses>;
    for (const event of events) {
      const [network, ip] = partsOf(event.type === "put" ? event.entry.key : event.key, ADDRESSES);
      if (event.type === "put") addressesIn(networks, network).put(ip, event.entry.value, event.entry.modRevision);
      else networks.get(network)?.delete(ip);
      if (networks.get(network)?.size === 0) networks.delete(network);
    }
    this.#reached(revision, false);
  }

  #reached(revision: number, anew: boolean): void {
    this.#revision = revision;
    for (const [key, until] of this.#marks) if (until <= revision || (anew && until !== Number.POSITIVE_INFINITY)) this.#marks.delete(key);
  }
}

function grouped(entries: Entry[]): Map<string, NetworkAddresses> {
  const networks = new Map<string, NetworkAddresses>();
  for (const { key, value, modRevision } of entries) {
    const [network, ip] = partsOf(key, ADDRESSES);
    addressesIn(networks, network).put(ip, value, modRevision);
  }
  return networks;
}

function addressesIn(networks: Map<string, NetworkAddresses>, network: string): NetworkAddresses {
  let addresses = networks.get(network);
  if (!addresses) {
    addresses = new NetworkAddresses();
    networks.set(network, addresses);
  }
  return addresses;
}
