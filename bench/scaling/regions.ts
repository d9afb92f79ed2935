// Which part of the memory map (assembly/abi/layout.ts) a cache line belongs to, from the header of a laid-out memory.

import * as abi from "../../assembly/abi/index.ts";
import { LINE_BYTES } from "./tally.ts";

/** Parts of the map, and of a worker's block, from low to high addresses. */
export type Region = (typeof TABLES)[number][0] | "header" | (typeof BLOCK)[number][0];

const TABLES = [
  ["VNI map", abi.H_VNI],
  ["networks", abi.H_NETWORK],
  ["flood lists", abi.H_FLOOD],
  ["ports", abi.H_PORT],
  ["VTEPs", abi.H_VTEP],
  ["FDB", abi.H_FDB],
  ["spare FDB", abi.H_FDB_SPARE],
  ["addresses", abi.H_ADDRESS],
  ["spare addresses", abi.H_ADDRESS_SPARE],
  ["workers", abi.H_WORKER],
] as const;

const BLOCK = [
  ["state", 0],
  ["receive descriptors", abi.W_RX],
  ["send descriptors", abi.W_TX],
  ["write descriptors", abi.W_WRITE],
  ["events", abi.W_EVENTS],
  ["buckets", abi.W_TX_BUCKETS],
  ["counters", abi.W_COUNTERS],
  ["replies", abi.W_REPLY],
  ["receive buffers", abi.W_RX_BUFFER],
  ["send buffers", abi.W_TX_BUFFER],
] as const;

export interface Place {
  region: Region;
  /** Whose block it is; null = in nobody's. */
  worker: number | null;
}

/** A function that says where a line is. */
export function mapOf(memory: WebAssembly.Memory): (line: number) => Place {
  const header = new Uint32Array(memory.buffer, abi.HEADER);
  const tables = TABLES.map(([region, word]) => ({ region, start: header[word / 4] }));
  const blocks = header[abi.H_WORKER / 4];
  return (line) => {
    const at = line * LINE_BYTES;
    if (at < abi.REGIONS) return { region: "header", worker: null };
    if (at < blocks) return { region: last(tables, at).region, worker: null };
    const worker = Math.floor((at - blocks) / abi.WORKER_BYTES);
    const inBlock = (at - blocks) % abi.WORKER_BYTES;
    return { region: last(PARTS, inBlock).region, worker };
  };
}

const PARTS = BLOCK.map(([region, start]) => ({ region, start }));

/** The entry that begins last at or before `at`. */
function last<T extends { start: number }>(entries: readonly T[], at: number): T {
  return entries.findLast(({ start }) => start <= at) as T;
}
