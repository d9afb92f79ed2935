// The core's frames to TAPs, one a write(2) or writev(2), a superframe with its gather list. Each descriptor gets D_REASON: 0, or why its
// frames were dropped. Hot: no allocation, no exception. Made and used by one worker thread; it may write to any port.
//
// Errors (drivers/net/tun.c tun_get_user):
//   EIO (the link is down), EBADFD (the device is gone)   port_down
//   EAGAIN, ENOBUFS, ENOMEM                               full_ring
//   EINVAL (the virtio-net header is wrong)               dev_hdr
//   other                                                 tx_error

import { H_PORT, HEADER } from "../../assembly/abi/layout.ts";
import { PORTS_MAX, WRITE_IOVS_MAX, WRITE_MAX } from "../../assembly/abi/limits.ts";
import { P_STATE, PORT_BYTES, PORT_UP } from "../../assembly/abi/port.ts";
import * as reason from "../../assembly/abi/reason.ts";
import * as w from "../../assembly/abi/worker.ts";
import { Addresses } from "./addresses.ts";
import * as k from "./constants.ts";
import { errno, write, writev } from "./libc.ts";
import { Region, Scratch } from "./memory.ts";

const NATIVE_IOV_BYTES = 16;

export class TapWriter {
  /** The port that was last written to successfully; the caller may reset it. */
  lastPort = 0;
  readonly #region: Region;
  readonly #words: Int32Array<ArrayBufferLike>;
  readonly #descriptors: Int32Array<ArrayBufferLike>;
  readonly #addresses: Addresses;
  readonly #block: number;
  readonly #end: number;
  readonly #iovs = new Scratch(WRITE_IOVS_MAX * NATIVE_IOV_BYTES);

  /** `workerBlock`: byte offset of the worker's block. `descriptors`: by port, PORTS_MAX of them, where the core cannot write. */
  constructor(region: Region, workerBlock: number, descriptors: Int32Array<ArrayBufferLike>) {
    if (!region.holds(workerBlock, w.WORKER_BYTES)) throw new RangeError("the worker's block lies outside the memory");
    this.#region = region;
    this.#words = region.words;
    this.#descriptors = descriptors;
    this.#addresses = new Addresses(region.base);
    this.#block = workerBlock;
    this.#end = workerBlock + w.WORKER_BYTES;
  }

  /** Writes the W_WRITE_COUNT descriptors in order, and D_REASON of each. Gives the number of system calls. */
  write(): number {
    const words = this.#words;
    const count = Math.min(words[(this.#block + w.W_WRITE_COUNT) >> 2], WRITE_MAX);
    const ports = words[(HEADER + H_PORT) >> 2];
    let calls = 0;
    for (let i = 0; i < count; i++) {
      const at = (this.#block + w.W_WRITE + i * w.WRITE_BYTES) >> 2;
      const port = words[at + (w.D_PORT >> 2)];
      const entry = ports + port * PORT_BYTES;
      let why: number;
      if (port < 0 || port >= PORTS_MAX || !this.#region.holds(entry, PORT_BYTES)) why = reason.DROP_CORE_TRAP;
      else if (words[(entry + P_STATE) >> 2] !== PORT_UP) why = reason.DROP_PORT_DOWN;
      else {
        why = this.#writeOne(this.#descriptors[port], at);
        if (why !== reason.DROP_CORE_TRAP) calls++;
        if (why === reason.DROP_NONE) this.lastPort = port;
      }
      words[at + (w.D_REASON >> 2)] = why;
    }
    return calls;
  }

  #writeOne(fd: number, at: number): number {
    const words = this.#words;
    const count = words[at + (w.D_IOVS >> 2)];
    if (count < 1 || count > WRITE_IOVS_MAX) return reason.DROP_CORE_TRAP;
    const list = at + (w.D_IOV >> 2);
    let total = 0;
    let result: number;
    if (count === 1) {
      const offset = words[list];
      total = words[list + 1];
      if (!Region.within(offset, total, this.#block, this.#end) || total !== words[at + (w.D_LENGTH >> 2)]) return reason.DROP_CORE_TRAP;
      result = write(fd, this.#addresses.of(offset), total);
    } else {
      total = this.#gather(list, count);
      if (total !== words[at + (w.D_LENGTH >> 2)]) return reason.DROP_CORE_TRAP;
      result = writev(fd, this.#iovs.base, count);
    }
    return result === total ? reason.DROP_NONE : reasonOf(result === -1 ? errno() : 0);
  }

  /** Checks a gather list, whose every piece must lie in this worker's block, and copies it as addresses. Gives its bytes, or -1. */
  #gather(list: number, count: number): number {
    const words = this.#words;
    const region = this.#region;
    const iovs = this.#iovs.words;
    const start = this.#block;
    const end = this.#end;
    let total = 0;
    for (let i = 0; i < count; i++) {
      const offset = words[list + 2 * i];
      const length = words[list + 2 * i + 1];
      if (!Region.within(offset, length, start, end)) return -1;
      iovs[4 * i] = region.low(offset);
      iovs[4 * i + 1] = region.high(offset);
      iovs[4 * i + 2] = length;
      total += length;
    }
    return total;
  }
}

function reasonOf(why: number): number {
  switch (why) {
    case k.EIO:
    case k.EBADFD:
      return reason.DROP_PORT_DOWN;
    case k.EAGAIN:
    case k.ENOBUFS:
    case k.ENOMEM:
      return reason.DROP_FULL_RING;
    case k.EINVAL:
      return reason.DROP_DEV_HDR;
    default:
      return reason.DROP_TX_ERROR;
  }
}
