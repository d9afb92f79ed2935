// The writer of the hash tables: the main thread's own instance of the core (design rule 8: one writer). When a table runs out of slots
// because of dead keys it is rebuilt into the spare one; that needs a grace period since the last flip, which the caller vouches for.

import * as abi from "../../assembly/abi/index.ts";
import type { Core } from "./module.ts";

/** What became of a write. */
export type TableAnswer = "added" | "changed" | "same" | "full" | "limit";

const ANSWERS: ReadonlyMap<number, TableAnswer> = new Map([
  [abi.TABLE_ADDED, "added"],
  [abi.TABLE_CHANGED, "changed"],
  [abi.TABLE_SAME, "same"],
  [abi.TABLE_FULL, "full"],
  [abi.TABLE_LIMIT, "limit"],
]);

export interface Target {
  kind: "port" | "vtep";
  index: number;
  isStatic: boolean;
}

/** TARGET_* bits of assembly/abi/table.ts. */
export function targetBits(target: Target): number {
  return target.index | (target.kind === "port" ? abi.TARGET_PORT : abi.TARGET_VTEP) | (target.isStatic ? abi.TARGET_STATIC : 0);
}

/** The reverse of targetBits(). */
export function targetOf(bits: number): Target {
  return { kind: bits & abi.TARGET_PORT ? "port" : "vtep", index: bits & abi.TARGET_INDEX, isStatic: (bits & abi.TARGET_STATIC) !== 0 };
}

export class Tables {
  readonly #core: Core;
  readonly #header: Uint32Array<ArrayBufferLike>;
  readonly #mayRebuild: () => boolean;

  /** `mayRebuild` says whether no worker can still be reading a spare table, and starts a new grace period when it says yes. */
  constructor(core: Core, memory: WebAssembly.Memory, mayRebuild: () => boolean) {
    this.#core = core;
    this.#header = new Uint32Array(memory.buffer, abi.HEADER);
    this.#mayRebuild = mayRebuild;
  }

  get tick(): number {
    return this.#header[abi.H_TICK / 4];
  }

  /** Where a MAC is now. */
  fdb(network: number, mac: number): Target | undefined {
    const entry = this.#core.fdbFind(network, BigInt(mac));
    const bits = entry === 0 ? 0 : this.#core.fdbTarget(entry);
    return bits === 0 ? undefined : targetOf(bits);
  }

  /** Places a MAC. A learned place never replaces a static one ("same"). */
  setFdb(network: number, mac: number, target: Target): TableAnswer {
    const write = () => this.#core.fdbSet(network, BigInt(mac), targetBits(target), this.tick);
    return this.#orRebuild(write, abi.H_FDB_USED, abi.H_FDB_LIVE, () => this.#core.fdbRebuild());
  }

  removeFdb(network: number, mac: number): boolean {
    return this.#core.fdbRemove(network, BigInt(mac)) === abi.TABLE_REMOVED;
  }

  /** Removes learned entries whose time is over; answers how many. */
  age(): number {
    return this.#core.fdbAge(this.tick);
  }

  /** Removes the learned and static entries of a network that point to a port or VTEP. */
  flushFdb(network: number, kind: "port" | "vtep", index: number): number {
    return this.#core.fdbFlush(network, targetBits({ kind, index, isStatic: false }));
  }

  /** Removes every entry of a network. */
  clearFdb(network: number): number {
    return this.#core.fdbFlush(network, 0);
  }

  /** The MAC that owns an address of a network now. */
  neighbor(network: number, address: Uint8Array): number | undefined {
    return this.#address(network, address);
  }

  /** Tells who owns an address of a network: ARP and ND for it are answered with this MAC once the MAC's place is known. */
  setNeighbor(network: number, address: Uint8Array, mac: number): TableAnswer {
    return this.#setAddress(network, address, BigInt(mac));
  }

  removeNeighbor(network: number, address: Uint8Array): boolean {
    return this.#removeAddress(network, address);
  }

  /** Tells which VTEP has an outer address; 0 = this host's own: a frame from there has looped. */
  setVtepAddress(address: Uint8Array, vtep: number): TableAnswer {
    return this.#setAddress(abi.SPACE_VTEP, address, BigInt(vtep));
  }

  /** The VTEP that has an outer address now. */
  vtepAddress(address: Uint8Array): number | undefined {
    return this.#address(abi.SPACE_VTEP, address);
  }

  removeVtepAddress(address: Uint8Array): boolean {
    return this.#removeAddress(abi.SPACE_VTEP, address);
  }

  #address(space: number, address: Uint8Array): number | undefined {
    const value = this.#core.addressFind(space, ...halves(address));
    return value === 0n ? undefined : Number(BigInt.asUintN(48, value));
  }

  #removeAddress(space: number, address: Uint8Array): boolean {
    return this.#core.addressRemove(space, ...halves(address)) === abi.TABLE_REMOVED;
  }

  #setAddress(space: number, address: Uint8Array, value: bigint): TableAnswer {
    const [low, high] = halves(address);
    const write = () => this.#core.addressSet(space, low, high, value);
    return this.#orRebuild(write, abi.H_ADDRESS_USED, abi.H_ADDRESS_LIVE, () => this.#core.addressRebuild());
  }

  #orRebuild(write: () => number, used: number, live: number, rebuild: () => void): TableAnswer {
    let answer = write();
    // Rebuilding helps when a good part of the used slots is dead.
    if (answer === abi.TABLE_FULL && this.#header[live / 4] < this.#header[used / 4] * 0.9 && this.#mayRebuild()) {
      rebuild();
      answer = write();
    }
    return ANSWERS.get(answer) as TableAnswer;
  }
}

function halves(address: Uint8Array): [low: bigint, high: bigint] {
  const view = new DataView(address.buffer, address.byteOffset, 16);
  return [view.getBigUint64(0, true), view.getBigUint64(8, true)];
}
