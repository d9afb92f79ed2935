// Frames from TAPs into the worker's RX buffers, one a read(2): the kernel has no call for several. Hot: no allocation, no exception.
//
//   RX buffer:  | 6 B | virtio-net header 10 B | Ethernet header (16-aligned) … |
//                     ^ R_OFFSET
//
// Made and used by one worker thread, the owner of the ports that it reads (design rule 2).

import { RX_BUFFER_BYTES, RX_MAX, RX_TAP_HEADROOM } from "../../assembly/abi/limits.ts";
import { R_LENGTH, R_OFFSET, R_PORT, R_SEGMENT_BYTES, R_TOS, R_TRUNCATED, RX_BYTES, W_RX, W_RX_BUFFER } from "../../assembly/abi/worker.ts";
import { Addresses } from "./addresses.ts";
import * as k from "./constants.ts";
import { errno, read } from "./libc.ts";
import type { Region } from "./memory.ts";

const READ_BYTES = RX_BUFFER_BYTES - RX_TAP_HEADROOM;

export const READ_FRAME = 1;
export const READ_EMPTY = 0;
export const READ_GONE = -1;

export class TapReader {
  /** Whether the last readBatch() stopped because there was no more to read. */
  drained = false;
  /** errno of the last read that said the port is gone. */
  lastErrno = 0;
  readonly #words: Int32Array<ArrayBufferLike>;
  readonly #addresses: Addresses;
  readonly #descriptors: number;
  readonly #buffers: number;

  /** `workerBlock`: byte offset of the worker's block. */
  constructor(region: Region, workerBlock: number) {
    if (!region.holds(workerBlock + W_RX_BUFFER, RX_MAX * RX_BUFFER_BYTES)) throw new RangeError("the RX buffers lie outside the memory");
    this.#words = region.words;
    this.#addresses = new Addresses(region.base);
    this.#descriptors = workerBlock + W_RX;
    this.#buffers = workerBlock + W_RX_BUFFER + RX_TAP_HEADROOM;
  }

  /**
   * Reads one frame of `port` into RX buffer `first` and fills its descriptor. READ_FRAME, READ_EMPTY (also when the kernel is short of
   * memory: it will be asked again), or READ_GONE: the device was removed (EBADFD) or is being removed (EFAULT), or the fd is none; a
   * read of a device whose link is down has no such error. Throws RangeError for a buffer that does not exist.
   */
  read(fd: number, port: number, first: number): number {
    if (first < 0 || first >= RX_MAX) throw new RangeError(`RX buffer ${first}`);
    const offset = this.#buffers + first * RX_BUFFER_BYTES;
    const length = read(fd, this.#addresses.of(offset), READ_BYTES);
    if (length <= 0) return length === 0 ? READ_EMPTY : this.#failed();
    const words = this.#words;
    const descriptor = (this.#descriptors + first * RX_BYTES) >> 2;
    words[descriptor + (R_OFFSET >> 2)] = offset;
    words[descriptor + (R_LENGTH >> 2)] = length;
    words[descriptor + (R_PORT >> 2)] = port;
    words[descriptor + (R_SEGMENT_BYTES >> 2)] = 0;
    words[descriptor + (R_TOS >> 2)] = 0;
    words[descriptor + (R_TRUNCATED >> 2)] = length === READ_BYTES ? 1 : 0;
    return READ_FRAME;
  }

  /**
   * Reads until there is no more, at most `max` frames or until `bytesMax` bytes were read, into RX buffers `first`, `first` + 1, …. Gives how
   * many, or READ_GONE when none. A budget of bytes keeps superframes in the cache until they are sent.
   */
  readBatch(fd: number, port: number, first: number, max: number, bytesMax = Number.MAX_SAFE_INTEGER): number {
    const room = Math.min(max, RX_MAX - first);
    let bytes = 0;
    this.drained = false;
    for (let i = 0; i < room; i++) {
      const result = this.read(fd, port, first + i);
      if (result !== READ_FRAME) {
        this.drained = true;
        return result === READ_GONE && i === 0 ? READ_GONE : i;
      }
      bytes += this.#words[(this.#descriptors + (first + i) * RX_BYTES + R_LENGTH) >> 2];
      if (bytes >= bytesMax) return i + 1;
    }
    return Math.max(room, 0);
  }

  #failed(): number {
    const why = errno();
    if (why === k.EAGAIN || why === k.EINTR || why === k.ENOMEM || why === k.ENOBUFS) return READ_EMPTY;
    this.lastErrno = why;
    return READ_GONE;
  }
}
