// How full the cluster's subnets and pools are, for a manager's metrics. Watches say what changes; only that is counted anew when somebody asks, and
// nothing is read for it. Main thread.

import { AddressSet } from "../ipam/address-set.ts";
import { type Block, bitsOf, lastOf, overlaps, readBlock, sizeOf } from "../ipam/block.ts";
import type { Pool } from "../ipam/pools.ts";
import { capacityOf, type Space, spaceOf } from "../ipam/space.ts";
import { CLUSTER_KEY, NETWORKS } from "../model/cluster/keys.ts";
import { type ClusterRecord, type NetworkRecord, VNI_FIRST } from "../model/cluster/records.ts";
import type { Entry, Store, Watch } from "../model/cluster/store.ts";
import type { PoolFiguresView, PoolUse, SubnetUse } from "../model/view.ts";
import { VNI_MAX } from "../model/vni.ts";
import type { AddressView } from "./address-view.ts";
import type { NetworkAddresses } from "./network-addresses.ts";

interface Counted {
  record: NetworkRecord;
  spaces: readonly Space[];
  /** Of which addresses, and at which of their changes, `uses` was counted. */
  of: NetworkAddresses | undefined;
  changes: number;
  uses: readonly SubnetUse[];
}

const NONE = new AddressSet();

export class PoolFigures implements PoolFiguresView {
  readonly #addresses: AddressView;
  readonly #watches: Watch[];
  /** By id; null until they are heard of. */
  #networks: Map<string, Counted> | null = null;
  #pools: readonly Pool[] = [];
  /** null: networks or pools have changed since. */
  #uses: readonly PoolUse[] | null = null;

  constructor(store: Store, addresses: AddressView) {
    this.#addresses = addresses;
    this.#watches = [
      store.watch(CLUSTER_KEY, {
        onSnapshot: ({ entries }) => this.#setPools(entries),
        onEvents: (events) => this.#setPools(events.flatMap((event) => (event.type === "put" ? [event.entry] : []))),
      }),
      store.watch(NETWORKS, {
        onSnapshot: ({ entries }) => {
          this.#networks = new Map();
          for (const entry of entries) this.#setNetwork(entry);
        },
        onEvents: (events) => {
          for (const event of events)
            if (event.type === "put") this.#setNetwork(event.entry);
            else this.#networks?.delete(event.key.slice(NETWORKS.length));
          this.#uses = null;
        },
      }),
    ];
  }

  subnets(): SubnetUse[] {
    if (!this.#addresses.isKnown) return [];
    return [...(this.#networks?.values() ?? [])].flatMap((network) => this.#usesOf(network));
  }

  pools(): readonly PoolUse[] {
    if (this.#networks === null) return [];
    this.#uses ??= countPools(
      this.#pools,
      [...this.#networks.values()].flatMap(({ spaces }) => spaces.map(({ subnet }) => subnet)),
    );
    return this.#uses;
  }

  vnis(): { used: number; free: number } | null {
    if (this.#networks === null) return null;
    const used = this.#networks.size;
    const own = [...this.#networks.values()].filter(({ record }) => record.vni >= VNI_FIRST).length;
    // Given out unasked: from VNI_FIRST up to the last but the one that is kept for probes.
    return { used, free: VNI_MAX - VNI_FIRST - own };
  }

  close(): void {
    for (const watch of this.#watches) watch.close();
  }

  #setPools(entries: readonly Entry[]): void {
    const record = entries.findLast(({ key }) => key === CLUSTER_KEY);
    if (record === undefined) return;
    this.#pools = (JSON.parse(record.value) as ClusterRecord).pools;
    this.#uses = null;
  }

  #setNetwork({ key, value }: Entry): void {
    const record = JSON.parse(value) as NetworkRecord;
    const spaces = record.subnets.map(spaceOf);
    this.#networks?.set(key.slice(NETWORKS.length), { record, spaces, of: undefined, changes: -1, uses: [] });
    this.#uses = null;
  }

  #usesOf(network: Counted): readonly SubnetUse[] {
    const addresses = this.#addresses.known(network.record.id);
    const changes = addresses?.changes ?? 0;
    if (network.of === addresses && network.changes === changes) return network.uses;
    const { name, vni, subnets } = network.record;
    const uses = network.spaces.map((space, at) => {
      const { family } = space.subnet;
      const taken = addresses?.taken[family] ?? NONE;
      const of = (set: AddressSet) => set.count(space.firstHost, space.lastHost);
      const resting = of(addresses?.resting[family] ?? NONE);
      return { network: name, vni, subnet: subnets[at].subnet, used: of(taken) - resting, resting, free: capacityOf(space, taken).free };
    });
    Object.assign(network, { of: addresses, changes, uses } satisfies Partial<Counted>);
    return uses;
  }
}

/** A pool's subnet is used when any network's overlaps it. */
function countPools(pools: readonly Pool[], subnets: readonly Block[]): PoolUse[] {
  return pools.map(({ base, size }) => {
    const pool = readBlock(base);
    const shift = BigInt(bitsOf(pool.family) - size);
    const slots = sizeOf(pool) >> shift;
    const within = subnets.filter((subnet) => overlaps(subnet, pool)).sort((a, b) => (a.first < b.first ? -1 : 1));
    let used = 0n;
    let next = 0n;
    for (const subnet of within) {
      const first = subnet.first < pool.first ? 0n : (subnet.first - pool.first) >> shift;
      const last = lastOf(subnet) > lastOf(pool) ? slots - 1n : (lastOf(subnet) - pool.first) >> shift;
      const from = first > next ? first : next;
      if (last < from) continue;
      used += last - from + 1n;
      next = last + 1n;
    }
    return { pool: `${base} by /${size}`, used: Number(used), free: Number(slots - used) };
  });
}
