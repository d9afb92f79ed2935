// What a counting twin (instrument.ts) reports: instructions, loads and stores, and the cache lines that they touched.

import { type Hooks, INSTRUCTIONS, MODULE, OPERATIONS, READ, WRITE } from "./instrument.ts";

export const LINE_BYTES = 64;
/** A bulk copy or fill counts as so many loads and stores as a machine with 16-byte registers needs. */
const BULK_BYTES = 16;

export interface Tally {
  instructions: number;
  operations: number;
  loads: number;
  stores: number;
  bytesLoaded: number;
  bytesStored: number;
  /** Numbers of the lines (address / LINE_BYTES) that were read, and that were written. */
  linesRead: Set<number>;
  linesWritten: Set<number>;
}

/** Counts for one instance of a counting twin. */
export class Counter {
  readonly hooks: Hooks;
  #tally = empty();
  #globals: WebAssembly.Global[] = [];

  constructor() {
    let to = 0;
    let from = 0;
    this.hooks = {
      access: (pointer, offset, bytes, how) => {
        const at = (pointer >>> 0) + offset;
        if (how & READ) this.#read(at, bytes, 1);
        if (how & WRITE) this.#write(at, bytes, 1);
        return pointer;
      },
      bulkTo: (pointer) => {
        to = pointer >>> 0;
        return pointer;
      },
      bulkFrom: (pointer) => {
        from = pointer >>> 0;
        return pointer;
      },
      copySize: (bytes) => {
        this.#read(from, bytes >>> 0, Math.ceil((bytes >>> 0) / BULK_BYTES));
        this.#write(to, bytes >>> 0, Math.ceil((bytes >>> 0) / BULK_BYTES));
        return bytes;
      },
      fillSize: (bytes) => {
        this.#write(to, bytes >>> 0, Math.ceil((bytes >>> 0) / BULK_BYTES));
        return bytes;
      },
    };
  }

  /** An instance of a counting twin that reports here. */
  instantiate(twin: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Exports {
    const { exports } = new WebAssembly.Instance(twin, { ...imports, [MODULE]: { ...this.hooks } });
    this.#globals = [INSTRUCTIONS, OPERATIONS].map((name) => exports[name] as WebAssembly.Global);
    return exports;
  }

  /** What `work` took. */
  during(work: () => void): Tally {
    this.#tally = empty();
    for (const global of this.#globals) global.value = 0;
    work();
    const [instructions, operations] = this.#globals.map((global) => global.value as number);
    return { ...this.#tally, instructions, operations };
  }

  #read(at: number, bytes: number, accesses: number): void {
    this.#tally.loads += accesses;
    this.#tally.bytesLoaded += bytes;
    touch(this.#tally.linesRead, at, bytes);
  }

  #write(at: number, bytes: number, accesses: number): void {
    this.#tally.stores += accesses;
    this.#tally.bytesStored += bytes;
    touch(this.#tally.linesWritten, at, bytes);
  }
}

function empty(): Tally {
  return {
    instructions: 0,
    operations: 0,
    loads: 0,
    stores: 0,
    bytesLoaded: 0,
    bytesStored: 0,
    linesRead: new Set(),
    linesWritten: new Set(),
  };
}

function touch(lines: Set<number>, at: number, bytes: number): void {
  if (bytes === 0) return;
  const last = Math.floor((at + bytes - 1) / LINE_BYTES);
  for (let line = Math.floor(at / LINE_BYTES); line <= last; line++) lines.add(line);
}
