// The ports that this worker reads: those of the port table whose owner it is. Looked at anew when the generation changes; an epoll
// follows. Used by one worker thread.

import * as abi from "../../assembly/abi/index.ts";
import type { Epoll } from "../sys/epoll.ts";

export class OwnedPorts {
  readonly #rows: Int32Array<ArrayBufferLike>;
  readonly #worker: number;
  readonly #epoll: Epoll;
  readonly #descriptors: Int32Array<ArrayBufferLike>;
  /** Port index by fd. */
  readonly #byFd = new Map<number, number>();
  /** fd by port index, -1 = not ours. */
  readonly #fds = new Int32Array(abi.PORTS_MAX).fill(-1);

  /** `descriptors`: by port (host/core/entries.ts). */
  constructor(memory: WebAssembly.Memory, worker: number, epoll: Epoll, descriptors: Int32Array<ArrayBufferLike>) {
    const header = new Uint32Array(memory.buffer, abi.HEADER);
    this.#rows = new Int32Array(memory.buffer, header[abi.H_PORT / 4], (abi.PORTS_MAX * abi.PORT_BYTES) / 4);
    this.#worker = worker;
    this.#epoll = epoll;
    this.#descriptors = descriptors;
  }

  /** Port index of a descriptor that the epoll reported; 0 when it is no port of ours any more. */
  of(fd: number): number {
    return this.#byFd.get(fd) ?? 0;
  }

  /** Descriptor of a port that is ours, or -1. */
  fdOf(port: number): number {
    return this.#fds[port];
  }

  /** Follows the port table. */
  refresh(): void {
    const now = new Map<number, number>();
    for (let port = 1; port < abi.PORTS_MAX; port++) {
      const at = (port * abi.PORT_BYTES) / 4;
      if (Atomics.load(this.#rows, at + abi.P_STATE / 4) !== abi.PORT_UP || this.#rows[at + abi.P_OWNER / 4] !== this.#worker) continue;
      now.set(this.#descriptors[port], port);
    }
    for (const [fd, port] of this.#byFd) if (now.get(fd) !== port) this.#forget(fd);
    for (const [fd, port] of now) {
      if (this.#byFd.has(fd)) continue;
      this.#epoll.add(fd);
      this.#byFd.set(fd, port);
      this.#fds[port] = fd;
    }
  }

  /** Stops watching a descriptor; the main thread closes it. */
  drop(fd: number): void {
    this.#forget(fd);
  }

  #forget(fd: number): void {
    this.#fds[this.of(fd)] = -1;
    this.#byFd.delete(fd);
    this.#epoll.remove(fd);
  }
}
