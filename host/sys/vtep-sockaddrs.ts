// Socket addresses of the VTEPs, by index, made from the core's VTEP table when first used and again after H_GENERATION has changed.
// Used by one UdpSender, on its thread.

import { H_GENERATION, H_VTEP, HEADER } from "../../assembly/abi/layout.ts";
import { VTEPS_MAX } from "../../assembly/abi/limits.ts";
import { V_ADDRESS, V_FAMILY, V_PORT, VTEP_BYTES } from "../../assembly/abi/vtep.ts";
import { type Region, Scratch } from "./memory.ts";
import { addressFamily, type Family, SIN_ADDR, SIN6_ADDR } from "./sockaddr.ts";

/** Room for a sockaddr_in6. */
const ENTRY_BYTES = 32;

export class VtepSockaddrs {
  /** High word of every entry's address. */
  readonly high: number;
  readonly #scratch = new Scratch(VTEPS_MAX * ENTRY_BYTES);
  readonly #region: Region;
  readonly #family: Family;
  /** Generation + 1 at which an entry was made; 0 = never. */
  readonly #madeAt = new Float64Array(VTEPS_MAX);
  #generation = 0;

  constructor(region: Region, family: Family) {
    this.#region = region;
    this.#family = family;
    this.high = this.#scratch.hi;
  }

  /** Once a batch, before find(): notices that tables have changed. */
  refresh(): void {
    this.#generation = (this.#region.words[(HEADER + H_GENERATION) >> 2] >>> 0) + 1;
  }

  /** True when `vtep` is one that this family of sockets can send to; its address is then at low(vtep). `vtep` is below VTEPS_MAX. */
  find(vtep: number): boolean {
    return this.#madeAt[vtep] === this.#generation || this.#make(vtep);
  }

  /** Low word of the address of an entry that find() has found. */
  low(vtep: number): number {
    return this.#scratch.low(vtep * ENTRY_BYTES);
  }

  #make(vtep: number): boolean {
    const { words } = this.#region;
    const at = words[(HEADER + H_VTEP) >> 2] + vtep * VTEP_BYTES;
    if (!this.#region.holds(at, VTEP_BYTES)) return false;
    if (Atomics.load(words, (at + V_FAMILY) >> 2) !== this.#family) return false;
    const address = (at + V_ADDRESS) >> 2;
    const port = words[(at + V_PORT) >> 2];
    const entry = (vtep * ENTRY_BYTES) >> 2;
    const own = this.#scratch.words;
    // Port in network order above the family.
    own[entry] = addressFamily(this.#family) | ((port & 0xff) << 24) | ((port & 0xff00) << 8);
    if (this.#family === 4) {
      own[entry + (SIN_ADDR >> 2)] = words[address + 3];
    } else {
      for (let i = 0; i < 4; i++) own[entry + (SIN6_ADDR >> 2) + i] = words[address + i];
    }
    this.#madeAt[vtep] = this.#generation;
    return true;
  }
}
