// Which addresses of one network are not to be had, and who has how many: what the keys under networkAddresses() say. Main thread.

import { AddressSet } from "../ipam/address-set.ts";
import { type Address, parseAddress } from "../ipam/block.ts";
import type { AddressRecord } from "../model/cluster/records.ts";
import type { Family } from "../model/ip.ts";

interface Tally {
  /** null: they rest. */
  node: string | null;
  4: number;
  6: number;
}

export class NetworkAddresses {
  readonly taken: Record<Family, AddressSet> = { 4: new AddressSet(), 6: new AddressSet() };
  /** Those of them that nobody has. */
  readonly resting: Record<Family, AddressSet> = { 4: new AddressSet(), 6: new AddressSet() };
  #changes = 0;
  /** The last one of each family that was given to an endpoint. */
  readonly #latest: Record<Family, { value: bigint; revision: number } | null> = { 4: null, 6: null };
  readonly #owners = new Map<string, Tally>();
  readonly #tallies = new Map<string | null, Tally>();

  get size(): number {
    return this.taken[4].size + this.taken[6].size;
  }

  /** How many there have been: who has counted something need not do so again until there is one more. */
  get changes(): number {
    return this.#changes;
  }

  put(ip: string, json: string, revision: number): void {
    const { family, value } = parseAddress(ip);
    const { node } = JSON.parse(json) as AddressRecord;
    this.#forget(ip, family);
    this.taken[family].add(value);
    if (node === null) this.resting[family].add(value);
    else this.resting[family].delete(value);
    this.#changes++;
    let tally = this.#tallies.get(node);
    if (!tally) {
      tally = { node, 4: 0, 6: 0 };
      this.#tallies.set(node, tally);
    }
    tally[family]++;
    this.#owners.set(ip, tally);
    if (node !== null && revision > (this.#latest[family]?.revision ?? 0)) this.#latest[family] = { value, revision };
  }

  delete(ip: string): void {
    const { family, value } = parseAddress(ip);
    this.#forget(ip, family);
    this.taken[family].delete(value);
    this.resting[family].delete(value);
    this.#changes++;
  }

  latest(family: Family): Address | null {
    const latest = this.#latest[family];
    return latest && { family, value: latest.value };
  }

  /** Node → how many it holds, the greatest first. */
  holders(family: Family): { node: string; count: number }[] {
    const held = [...this.#tallies.values()].flatMap((tally) =>
      tally.node === null || tally[family] === 0 ? [] : [{ node: tally.node, count: tally[family] }],
    );
    return held.sort((a, b) => b.count - a.count);
  }

  #forget(ip: string, family: Family): void {
    const tally = this.#owners.get(ip);
    if (!tally) return;
    this.#owners.delete(ip);
    if (--tally[family] === 0 && tally[4] === 0 && tally[6] === 0) this.#tallies.delete(tally.node);
  }
}
