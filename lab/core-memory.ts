// Reaches into a running agent's shared memory from outside (/proc/PID/mem), to damage it on purpose: the one way to make the packet core trap
// without a bug in it, and without a door for tests in the product. Offsets are those of assembly/abi.

import { closeSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import * as abi from "../assembly/abi/index.ts";

const HEADER_BYTES = 128;

export class CoreMemory {
  readonly #fd: number;
  readonly #base: number;

  /** Finds the memory of process `pid` by its header. Throws when there is none. */
  constructor(pid: number) {
    this.#fd = openSync(`/proc/${pid}/mem`, "r+");
    const base = mappings(pid).find((start) => this.#isHeader(start));
    if (base === undefined) throw new Error(`process ${pid} has no packet core's memory`);
    this.#base = base;
  }

  /** Byte offset of a port's entry. */
  port(index: number): number {
    return this.read(abi.HEADER + abi.H_PORT) + index * abi.PORT_BYTES;
  }

  /** The u32 at a byte offset. */
  read(offset: number): number {
    const word = Buffer.alloc(4);
    readSync(this.#fd, word, 0, 4, this.#base + offset);
    return word.readUInt32LE();
  }

  write(offset: number, value: number): void {
    const word = Buffer.alloc(4);
    word.writeUInt32LE(value);
    writeSync(this.#fd, word, 0, 4, this.#base + offset);
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** The regions lie where host/core/layout.ts puts the first two. */
  #isHeader(start: number): boolean {
    const header = Buffer.alloc(HEADER_BYTES);
    try {
      if (readSync(this.#fd, header, 0, HEADER_BYTES, start + abi.HEADER) !== HEADER_BYTES) return false;
    } catch {
      return false; // Not readable: a guard region.
    }
    const word = (offset: number) => header.readUInt32LE(offset);
    const workers = word(abi.H_WORKERS);
    return (
      workers >= 1 &&
      workers <= abi.WORKERS_MAX &&
      word(abi.H_VNI) === abi.REGIONS &&
      word(abi.H_NETWORK) === abi.REGIONS + abi.VNI_MAP_BYTES
    );
  }
}

/** Start addresses of the readable and writable mappings that could hold a core's memory. */
function mappings(pid: number): number[] {
  const lines = readFileSync(`/proc/${pid}/maps`, "utf8").split("\n");
  return lines.flatMap((line) => {
    const match = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
    if (!match) return [];
    const [start, end] = [Number.parseInt(match[1], 16), Number.parseInt(match[2], 16)];
    return end - start > abi.VNI_MAP_BYTES ? [start] : [];
  });
}
