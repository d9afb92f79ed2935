// A network's flood list as the core reads it: two copies behind N_FLOOD_COPY. The copy that readers do not use is written, then
// the word is flipped; the same network may be written again only after a grace period. Main thread only.

import * as abi from "../../assembly/abi/index.ts";

export interface FloodList {
  /** VTEP indices that get broadcast, unknown unicast and multicast. */
  vteps: readonly number[];
  /** Local port indices. */
  ports: readonly number[];
  /** VTEP indices whose frames are accepted. */
  sources: readonly number[];
}

/** Writes and flips. Throws RangeError past FLOOD_VTEPS_MAX or FLOOD_PORTS_MAX. */
export function writeFlood(memory: WebAssembly.Memory, network: number, list: FloodList): void {
  if (list.vteps.length > abi.FLOOD_VTEPS_MAX) throw new RangeError(`more than ${abi.FLOOD_VTEPS_MAX} VTEPs in one network`);
  if (list.ports.length > abi.FLOOD_PORTS_MAX) throw new RangeError(`more than ${abi.FLOOD_PORTS_MAX} ports of one network on one host`);
  const header = new Uint32Array(memory.buffer, abi.HEADER);
  const row = new Int32Array(memory.buffer, header[abi.H_NETWORK / 4] + network * abi.NETWORK_BYTES, abi.NETWORK_BYTES / 4);
  const copy = 1 - row[abi.N_FLOOD_COPY / 4];
  const at = header[abi.H_FLOOD / 4] + (network * 2 + copy) * abi.FLOOD_BYTES;
  new Uint8Array(memory.buffer, at, abi.FLOOD_BYTES).fill(0);
  new Uint32Array(memory.buffer, at).set([list.vteps.length, list.ports.length]);
  new Uint16Array(memory.buffer, at + abi.F_VTEPS).set(list.vteps);
  new Uint16Array(memory.buffer, at + abi.F_PORTS).set(list.ports);
  const sources = new Uint8Array(memory.buffer, at + abi.F_SOURCES, abi.VTEPS_MAX / 8);
  for (const vtep of list.sources) sources[vtep >> 3] |= 1 << (vtep & 7);
  Atomics.store(row, abi.N_FLOOD_COPY / 4, copy);
}

/** The list that readers use now. */
export function readFlood(memory: WebAssembly.Memory, network: number): FloodList {
  const header = new Uint32Array(memory.buffer, abi.HEADER);
  const copy = new Uint32Array(memory.buffer, header[abi.H_NETWORK / 4] + network * abi.NETWORK_BYTES)[abi.N_FLOOD_COPY / 4] & 1;
  const at = header[abi.H_FLOOD / 4] + (network * 2 + copy) * abi.FLOOD_BYTES;
  const [vteps, ports] = new Uint32Array(memory.buffer, at, 2);
  const bits = new Uint8Array(memory.buffer, at + abi.F_SOURCES, abi.VTEPS_MAX / 8);
  const sources: number[] = [];
  for (let vtep = 0; vtep < abi.VTEPS_MAX; vtep++) if ((bits[vtep >> 3] >> (vtep & 7)) & 1) sources.push(vtep);
  return {
    vteps: [...new Uint16Array(memory.buffer, at + abi.F_VTEPS, Math.min(vteps, abi.FLOOD_VTEPS_MAX))],
    ports: [...new Uint16Array(memory.buffer, at + abi.F_PORTS, Math.min(ports, abi.FLOOD_PORTS_MAX))],
    sources,
  };
}
