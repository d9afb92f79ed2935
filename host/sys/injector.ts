// Superframes that leave whole: one write(2) each to this worker's underlay TAP (host/sys/tunnel-tap.ts), headers and all, in the order of the
// other sends. Hot: no allocation, no exception. Part of a UdpSender, on its thread.
//
// Errors: EAGAIN, ENOBUFS, ENOMEM → full_ring; EIO, EBADFD (the TAP is down or gone) → tx_unreachable; the rest (EINVAL: the kernel does not take
// what the probe took) → tx_error. All but full_ring turn injection off for this worker: W_INJECT becomes 0, and the sockets take over.

import { RX_BUFFER_BYTES, RX_MAX, TX_MAX } from "../../assembly/abi/limits.ts";
import * as reason from "../../assembly/abi/reason.ts";
import { T_DROPPED, T_LENGTH, T_OFFSET, T_REASON, T_SEGMENTS, TX_BYTES, W_INJECT, W_RX_BUFFER, W_TX } from "../../assembly/abi/worker.ts";
import { Addresses } from "./addresses.ts";
import * as k from "./constants.ts";
import { errno, write } from "./libc.ts";
import { Region } from "./memory.ts";

export class Injector {
  readonly #addresses: Addresses;
  readonly #words: Int32Array<ArrayBufferLike>;
  readonly #block: number;
  readonly #fd: number;

  /** `fd`: of openTunnelTap, or -1: then the core is told to inject nothing. */
  constructor(region: Region, workerBlock: number, fd: number) {
    this.#addresses = new Addresses(region.base);
    this.#words = region.words;
    this.#block = workerBlock;
    this.#fd = fd;
    this.#words[(workerBlock + W_INJECT) >> 2] = fd < 0 ? 0 : 1;
  }

  /** Writes descriptor i (below TX_MAX), and what became of it. */
  inject(i: number): void {
    const words = this.#words;
    const at = (this.#block + W_TX + Math.min(i, TX_MAX - 1) * TX_BYTES) >> 2;
    const offset = words[at + (T_OFFSET >> 2)];
    const length = words[at + (T_LENGTH >> 2)];
    const start = this.#block + W_RX_BUFFER;
    let why: number = reason.DROP_CORE_TRAP;
    if (this.#fd >= 0 && length > 0 && Region.within(offset, length, start, start + RX_MAX * RX_BUFFER_BYTES)) {
      const result = write(this.#fd, this.#addresses.of(offset), length);
      why = result === length ? reason.DROP_NONE : this.#refused(result === -1 ? errno() : 0);
    }
    words[at + (T_DROPPED >> 2)] = why === reason.DROP_NONE ? 0 : words[at + (T_SEGMENTS >> 2)];
    words[at + (T_REASON >> 2)] = why;
  }

  #refused(why: number): number {
    if (why === k.EAGAIN || why === k.ENOBUFS || why === k.ENOMEM) return reason.DROP_FULL_RING;
    this.#words[(this.#block + W_INJECT) >> 2] = 0;
    return why === k.EIO || why === k.EBADFD ? reason.DROP_TX_UNREACHABLE : reason.DROP_TX_ERROR;
  }
}
