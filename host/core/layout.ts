// Lays out the shared memory, once, at start: computes where each region of assembly/abi/layout.ts goes, makes the memory (fixed size, never
// grown) and writes the header. Main thread only, before any worker attaches. A running layout is read back from the header.

import { randomBytes } from "node:crypto";
import * as abi from "../../assembly/abi/index.ts";
import { OperationError } from "../model/errors.ts";

export interface LayoutOptions {
  workers: number;
  /** FDB entries; slots are the next power of two at twice as many, so probes stay short. */
  fdbCapacity: number;
  /** Neighbours and VTEPs together. */
  addressCapacity: number;
  /** FEATURE_* bits of assembly/abi/layout.ts. */
  features: number;
}

const ALIGN = 4096;

function slotsFor(capacity: number): number {
  let slots = 1024;
  while (slots < 2 * capacity) slots *= 2;
  return slots;
}

/** The regions in order, with their bytes and the header word that gets their offset. */
function regions(options: LayoutOptions): [header: number, bytes: number][] {
  const fdbBytes = slotsFor(options.fdbCapacity) * abi.FDB_BYTES;
  const addressBytes = slotsFor(options.addressCapacity) * abi.ADDRESS_BYTES;
  return [
    [abi.H_VNI, abi.VNI_MAP_BYTES],
    [abi.H_NETWORK, abi.NETWORKS_MAX * abi.NETWORK_BYTES],
    [abi.H_FLOOD, abi.NETWORKS_MAX * 2 * abi.FLOOD_BYTES],
    [abi.H_PORT, abi.PORTS_MAX * abi.PORT_BYTES],
    [abi.H_VTEP, abi.VTEPS_MAX * abi.VTEP_BYTES],
    [abi.H_FDB, fdbBytes],
    [abi.H_FDB_SPARE, fdbBytes],
    [abi.H_ADDRESS, addressBytes],
    [abi.H_ADDRESS_SPARE, addressBytes],
    [abi.H_WORKER, options.workers * abi.WORKER_BYTES],
  ];
}

/** Makes the memory with its header written. Throws OperationError when it would be larger than design rule 10 allows. */
export function createMemory(options: LayoutOptions): WebAssembly.Memory {
  const offsets = new Map<number, number>();
  let at = abi.REGIONS;
  for (const [header, bytes] of regions(options)) {
    offsets.set(header, at);
    at += Math.ceil(bytes / ALIGN) * ALIGN;
  }
  if (at > abi.MEMORY_BYTES_MAX) {
    const mebibytes = Math.ceil(at / 2 ** 20);
    throw new OperationError(
      `fdbCapacity ${options.fdbCapacity} with ${options.workers} workers takes ${mebibytes} MiB of the 2048 there are: lower one`,
    );
  }
  const pages = Math.ceil(at / abi.PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const words = new Uint32Array(memory.buffer, abi.HEADER);
  for (const [header, offset] of offsets) words[header / 4] = offset;
  words[abi.H_WORKERS / 4] = options.workers;
  words[abi.H_FDB_SLOTS / 4] = slotsFor(options.fdbCapacity);
  words[abi.H_ADDRESS_SLOTS / 4] = slotsFor(options.addressCapacity);
  words[abi.H_FEATURES / 4] = options.features;
  new Uint8Array(memory.buffer).set(randomBytes(8), abi.HEADER + abi.H_HASH_KEY);
  return memory;
}

/** Offset of a worker's block. Any thread. */
export function workerBlock(memory: WebAssembly.Memory, worker: number): number {
  return new Uint32Array(memory.buffer, abi.HEADER)[abi.H_WORKER / 4] + worker * abi.WORKER_BYTES;
}
