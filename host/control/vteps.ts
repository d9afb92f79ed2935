// The remote VTEPs that this host knows: entries of the core's table, given out when a peer, an FDB entry or a learned address first names one, and taken
// back when none does any more. Main thread.

import { VTEPS_MAX } from "../../assembly/abi/limits.ts";
import { SPACE_VTEP } from "../../assembly/abi/table.ts";
import { V_ADDRESS, V_FAMILY, V_PORT, V_SUSPENDED, VTEP_BYTES } from "../../assembly/abi/vtep.ts";
import { addressEntries, fdbEntries } from "../core/read.ts";
import { OperationError } from "../model/errors.ts";
import type { Suspended } from "../model/forwarding.ts";
import { canonicalIp, familyOf, formatIp, parseIp } from "../model/ip.ts";
import { overlayMtuOf, type UnderlayMtu } from "../model/mtu.ts";
import type { DataPlane } from "./dataplane.ts";
import { Indices } from "./indices.ts";
import type { Retired } from "./retired.ts";

/** The same object for as long as it keeps its index: whoever waited compares it with at(index). */
export interface Vtep {
  readonly index: number;
  /** Canonical. */
  readonly address: string;
  /** Peer lists and static FDB entries that name it. */
  uses: number;
}

export interface VtepsOptions {
  plane: DataPlane;
  retired: Retired;
  /** This host's own. */
  address: string;
  dataPort: number;
  underlayMtu: UnderlayMtu;
}

export class Vteps {
  /** Largest inner packet that this host's underlay takes, in bytes. */
  readonly mtu: number;
  readonly #options: VtepsOptions;
  readonly #own: string;
  readonly #indices = new Indices(VTEPS_MAX);
  readonly #byIndex: (Vtep | undefined)[] = [];
  readonly #byAddress = new Map<string, Vtep>();
  /** Those that nothing names any more since collect() last looked. */
  readonly #idle = new Set<Vtep>();
  #suspended: Suspended = new Set();
  #made = 0;

  constructor(options: VtepsOptions) {
    const { plane, address, underlayMtu } = options;
    this.#options = options;
    this.#own = canonicalIp(address);
    this.mtu = overlayMtuOf(underlayMtu, familyOf(address));
    plane.tables.setVtepAddress(parseIp(address), 0);
    plane.entries.setOwnAddress(parseIp(address));
  }

  get all(): Vtep[] {
    return [...this.#byAddress.values()];
  }

  /** How many have been made so far. */
  get made(): number {
    return this.#made;
  }

  at(index: number): Vtep | undefined {
    return this.#byIndex[index];
  }

  /** The VTEP at an address, made when it is new. Throws OperationError when there is no room for one more, or it can be none. */
  place(address: string): Vtep {
    const known = this.#byAddress.get(address);
    if (known) return known;
    const text = canonicalIp(address);
    return this.#byAddress.get(text) ?? this.#make(text);
  }

  /** So many more name it. */
  use(vtep: Vtep, count = 1): void {
    vtep.uses += count;
    this.#idle.delete(vtep);
  }

  /** So many fewer. */
  unuse(vtep: Vtep, count = 1): void {
    vtep.uses -= count;
    if (vtep.uses === 0) this.#idle.add(vtep);
  }

  /** Withdraws those that nothing names any more, with the learned entries that lead to them. */
  collect(): void {
    if (this.#idle.size === 0) return;
    const { memory, tables } = this.#options.plane;
    const gone = new Set([...this.#idle].map(({ index }) => index));
    // A copy: what is removed while one reads might be missed, or not.
    const left = [...fdbEntries(memory)].filter(({ target }) => target.kind === "vtep" && gone.has(target.index));
    for (const { network, mac } of left) tables.removeFdb(network, mac);
    for (const vtep of this.#idle) this.#withdraw(vtep);
    this.#idle.clear();
  }

  /** Takes back those that came of learned addresses and have none left: all but `used`, which some FDB entry names. */
  collectUnused(used: ReadonlySet<number>): void {
    for (const vtep of this.all) if (vtep.uses === 0 && !used.has(vtep.index)) this.#idle.add(vtep);
    this.collect();
  }

  /** From now on nothing is sent to these, and to these alone. */
  suspend(suspended: Suspended): void {
    this.#suspended = new Set(suspended);
    for (const { index, address } of this.all) this.#options.plane.entries.setVtepSuspended(index, this.#suspended.has(address));
  }

  /** Puts right what of the VTEPs' entries is not as it should be; answers how many were not. */
  repair(): number {
    const { tables, memory } = this.#options.plane;
    let wrong = tables.setVtepAddress(parseIp(this.#own), 0) === "same" ? 0 : 1;
    for (const vtep of this.all) {
      const isWritten = this.#isWritten(vtep);
      if (!isWritten) this.#write(vtep);
      const isFound = tables.setVtepAddress(parseIp(vtep.address), vtep.index) === "same";
      if (!isWritten || !isFound) wrong++;
    }
    const strays = [...addressEntries(memory)].filter(({ space, value, address }) => {
      return space === SPACE_VTEP && value !== 0 && this.at(value)?.address !== formatIp(address);
    });
    for (const { address } of strays) tables.removeVtepAddress(address);
    return wrong + strays.length;
  }

  /** All but its MTU, which is what the path to it carries. */
  #isWritten({ index, address }: Vtep): boolean {
    const row = this.#options.plane.entries.vtep(index);
    const words = [V_FAMILY, V_PORT, V_SUSPENDED].map((offset) => row[offset / 4]);
    const wanted = [familyOf(address), this.#options.dataPort, this.#suspended.has(address) ? 1 : 0];
    const written = formatIp(new Uint8Array(row.buffer, row.byteOffset, VTEP_BYTES), V_ADDRESS);
    return words.every((word, i) => word === wanted[i]) && written === address;
  }

  #make(address: string): Vtep {
    if (address === this.#own) throw new OperationError(`VTEP ${address} is this host's own`);
    if (familyOf(address) !== familyOf(this.#own))
      throw new OperationError(`VTEP ${address} is not of the underlay's family, as ${this.#own} is`);
    const index = this.#indices.take();
    if (index === 0) throw new OperationError(`VTEP ${address}: no room in the table: at most ${VTEPS_MAX - 1} fit`);
    const vtep = { index, address, uses: 0 };
    this.#write(vtep);
    if (this.#options.plane.tables.setVtepAddress(parseIp(address), index) === "full") {
      this.#options.plane.entries.clearVtep(index);
      this.#indices.give(index);
      throw new OperationError(`VTEP ${address}: no room in the table of addresses`);
    }
    this.#made++;
    this.#byIndex[index] = vtep;
    this.#byAddress.set(address, vtep);
    return vtep;
  }

  #write({ index, address }: Vtep): void {
    const { plane, dataPort } = this.#options;
    plane.entries.setVtepSuspended(index, this.#suspended.has(address));
    plane.entries.setVtep(index, { family: familyOf(address), port: dataPort, mtu: this.mtu, address: parseIp(address) });
  }

  /** Its index is given out again once no worker can be sending there. */
  #withdraw(vtep: Vtep): void {
    const { plane, retired } = this.#options;
    this.#byIndex[vtep.index] = undefined;
    this.#byAddress.delete(vtep.address);
    plane.tables.removeVtepAddress(parseIp(vtep.address));
    retired.later(() => {
      plane.entries.clearVtep(vtep.index);
      this.#indices.give(vtep.index);
    });
  }
}
