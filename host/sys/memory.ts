// Where bytes are, for the kernel: the core's shared memory (Region), and the arrays of iovecs, message headers and control messages that
// describe it to a system call (Scratch). Scratch is an ArrayBuffer of the calling thread, outside the core's memory, so that no bug in
// the core can change what a check has passed.
//
// An address is two u32 words. V8 places a shared memory so that it may cross a 4 GiB boundary (seen: …ec000000), hence a carry: offsets
// from `boundary` on have the next high word. No BigInt, no allocation. Any thread; each makes its own.

import { MEMORY_BYTES_MAX } from "../../assembly/abi/limits.ts";
import { addressOf } from "./libc.ts";

const WORD = 2 ** 32;
const OFFSET_MAX = 0x7fffffff;

/** The core's shared memory as this thread sees it. */
export class Region {
  readonly memory: WebAssembly.Memory;
  /** Address of byte 0; `base + offset` is exact. */
  readonly base: number;
  readonly size: number;
  /** Low and high word of `base`, as int32. */
  readonly lo: number;
  readonly hi: number;
  /** First offset whose address has the high word `hi + 1`; OFFSET_MAX when there is none. */
  readonly boundary: number;
  readonly words: Int32Array<ArrayBufferLike>;
  readonly bytes: Uint8Array<ArrayBufferLike>;

  /** Throws when the memory is larger than the data path may have (design rule 10), or not shared. */
  constructor(memory: WebAssembly.Memory) {
    const buffer = memory.buffer as ArrayBufferLike;
    if (!(buffer instanceof SharedArrayBuffer)) throw new Error("the core's memory must be shared");
    if (buffer.byteLength > MEMORY_BYTES_MAX)
      throw new Error(`the core's memory has ${buffer.byteLength} bytes, at most ${MEMORY_BYTES_MAX}`);
    this.memory = memory;
    this.base = addressOf(buffer);
    this.size = buffer.byteLength;
    this.lo = this.base | 0;
    this.hi = Math.floor(this.base / WORD) | 0;
    this.boundary = boundaryOf(this.base);
    this.words = new Int32Array(buffer);
    this.bytes = new Uint8Array(buffer);
  }

  /** Low word of the address of `offset`. */
  low(offset: number): number {
    return (this.lo + offset) | 0;
  }

  /** High word of the address of `offset`. */
  high(offset: number): number {
    return offset >= this.boundary ? (this.hi + 1) | 0 : this.hi;
  }

  /** True when `length` bytes at `offset` lie in [start, end). All are numbers below 2^32; -1 for a u32 that was read as int32 is outside. */
  static within(offset: number, length: number, start: number, end: number): boolean {
    return offset >= start && length >= 0 && length <= end - offset;
  }

  /** True when `length` bytes at `offset` lie in the memory. */
  holds(offset: number, length: number): boolean {
    return Region.within(offset, length, 0, this.size);
  }
}

/** An array for kernel structures, on one side of a 4 GiB boundary, so that only low words ever change. */
export class Scratch {
  readonly base: number;
  readonly lo: number;
  readonly hi: number;
  readonly words: Int32Array;
  readonly bytes: Uint8Array;

  constructor(size: number) {
    // Twice the room holds one piece that crosses no boundary.
    const buffer = new ArrayBuffer(2 * size + 64);
    const base = addressOf(buffer);
    const boundary = boundaryOf(base);
    const start = boundary < size ? (boundary + 7) & ~7 : 0;
    this.base = base + start;
    this.lo = this.base | 0;
    this.hi = Math.floor(this.base / WORD) | 0;
    this.words = new Int32Array(buffer, start, size >> 2);
    this.bytes = new Uint8Array(buffer, start, size);
  }

  /** Low word of the address of `offset`. */
  low(offset: number): number {
    return (this.lo + offset) | 0;
  }

  /** Writes the address of this array's `offset` as the 8 bytes at word `at` of `target`. */
  point(target: Int32Array, at: number, offset: number): void {
    target[at] = this.low(offset);
    target[at + 1] = this.hi;
  }
}

function boundaryOf(base: number): number {
  return Math.min(OFFSET_MAX, WORD - (base % WORD));
}
