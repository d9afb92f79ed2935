// Reading what the core and the workers keep in shared memory: tables, counters, statistics. Main thread; every call is a snapshot.

import * as abi from "../../assembly/abi/index.ts";
import { workerBlock } from "./layout.ts";
import { type Target, targetOf } from "./tables.ts";

export interface FdbEntry {
  network: number;
  mac: number;
  target: Target;
  /** Ticks since a worker saw it as a source. */
  ageTicks: number;
}

/** What is in the FDB now, in table order. */
export function* fdbEntries(memory: WebAssembly.Memory): Generator<FdbEntry> {
  const header = new Uint32Array(memory.buffer, abi.HEADER);
  const words = new Uint32Array(memory.buffer, header[abi.H_FDB / 4], (header[abi.H_FDB_SLOTS / 4] * abi.FDB_BYTES) / 4);
  const tick = header[abi.H_TICK / 4];
  for (let at = 0; at < words.length; at += abi.FDB_BYTES / 4) {
    const bits = words[at + abi.FDB_TARGET / 4];
    if (bits === 0) continue;
    const high = words[at + 1];
    yield {
      network: high >>> 16,
      mac: (high & 0xffff) * 2 ** 32 + words[at],
      target: targetOf(bits),
      ageTicks: (tick - words[at + abi.FDB_SEEN / 4]) >>> 0,
    };
  }
}

export interface AddressEntry {
  /** Network index, or SPACE_VTEP. */
  space: number;
  /** A copy, 16 bytes. */
  address: Uint8Array;
  /** MAC of a neighbour, or VTEP index. */
  value: number;
}

/** What is in the address table now: neighbours and VTEPs, in table order. */
export function* addressEntries(memory: WebAssembly.Memory): Generator<AddressEntry> {
  const header = new Uint32Array(memory.buffer, abi.HEADER);
  const base = header[abi.H_ADDRESS / 4];
  const words = new Uint32Array(memory.buffer, base, (header[abi.H_ADDRESS_SLOTS / 4] * abi.ADDRESS_BYTES) / 4);
  for (let at = 0; at < words.length; at += abi.ADDRESS_BYTES / 4) {
    const high = words[at + abi.A_VALUE / 4 + 1];
    if ((high & abi.ADDRESS_PRESENT) === 0) continue;
    yield {
      space: words[at + abi.A_SPACE / 4],
      address: new Uint8Array(memory.buffer, base + at * 4, 16).slice(),
      value: (high & 0xffff) * 2 ** 32 + words[at + abi.A_VALUE / 4],
    };
  }
}

/** A worker's counters of one network: COUNTERS long, a copy. */
export function readCounters(memory: WebAssembly.Memory, worker: number, network: number): BigUint64Array {
  const at = workerBlock(memory, worker) + abi.W_COUNTERS + network * abi.COUNTER_ROW_BYTES;
  return new BigUint64Array(memory.buffer, at, abi.COUNTERS).slice() as BigUint64Array;
}

/** Sets a worker's counters of one network to 0: nobody may be counting there (a removed network, after a grace period). */
export function clearCounters(memory: WebAssembly.Memory, worker: number, network: number): void {
  const at = workerBlock(memory, worker) + abi.W_COUNTERS + network * abi.COUNTER_ROW_BYTES;
  new BigUint64Array(memory.buffer, at, abi.COUNTERS).fill(0n);
}

/** A worker's W_STATS: 32 long, a copy. */
export function readStats(memory: WebAssembly.Memory, worker: number): BigUint64Array {
  return new BigUint64Array(memory.buffer, workerBlock(memory, worker) + abi.W_STATS, 32).slice() as BigUint64Array;
}

/** Whether a worker injects superframes: it has an underlay TAP, and the kernel has refused none. */
export function readInjects(memory: WebAssembly.Memory, worker: number): boolean {
  return new Uint32Array(memory.buffer, workerBlock(memory, worker) + abi.W_INJECT, 1)[0] !== 0;
}
