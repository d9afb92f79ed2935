// epoll (epoll(7)): what a worker sleeps in. Level-triggered: an fd that was not read to its end is reported again.
// One thread per Epoll; the fds themselves may be anyone's.

import * as k from "./constants.ts";
import { check, SysError } from "./errno.ts";
import { closeFd } from "./fd.ts";
import { epoll_create1, epoll_ctl, epoll_wait, epoll_wait_async, errno } from "./libc.ts";
import { Scratch } from "./memory.ts";

/** Descriptors reported by one wait; the kernel goes round, so the others come with the next. */
export const EPOLL_READY_MAX = 64;
/** struct epoll_event { events u32, data u64 } is packed on x86-64 only (linux/eventpoll.h). */
const EVENT_WORDS = process.arch === "x64" ? 3 : 4;
const DATA_WORD = process.arch === "x64" ? 1 : 2;

export class Epoll {
  /** Pairs (fd, EPOLL* events) of the last wait; valid until the next. */
  readonly ready = new Int32Array(2 * EPOLL_READY_MAX);
  readonly #fd: number;
  readonly #events = new Scratch(4 * EVENT_WORDS * EPOLL_READY_MAX);
  readonly #change = new Scratch(4 * EVENT_WORDS);

  /** Throws SysError (EMFILE). */
  constructor() {
    this.#fd = check(epoll_create1(k.EPOLL_CLOEXEC), "epoll_create1", "");
  }

  /** Watches `fd` for EPOLLIN unless told otherwise; EPOLLERR and EPOLLHUP always come. Throws SysError. */
  add(fd: number, events = k.EPOLLIN): void {
    this.#change.words[0] = events;
    this.#change.words[DATA_WORD] = fd;
    check(epoll_ctl(this.#fd, k.EPOLL_CTL_ADD, fd, this.#change.base), "epoll_ctl", `add fd ${fd}`);
  }

  /** Stops watching `fd`: before it is closed, since a duplicate would keep it watched. Throws SysError. */
  remove(fd: number): void {
    check(epoll_ctl(this.#fd, k.EPOLL_CTL_DEL, fd, this.#change.base), "epoll_ctl", `remove fd ${fd}`);
  }

  /** Blocks this thread until something is ready or `timeoutMs` are over (0: at once; -1: for ever). Gives the pairs in `ready`. */
  wait(timeoutMs: number): number {
    const count = epoll_wait(this.#fd, this.#events.base, EPOLL_READY_MAX, timeoutMs);
    return this.#take(count, count === -1 ? errno() : 0);
  }

  /** The same on a thread of libuv's pool, which it occupies meanwhile. One at a time. */
  async waitAsync(timeoutMs: number): Promise<number> {
    const { result, errno } = await epoll_wait_async(this.#fd, this.#events.base, EPOLL_READY_MAX, timeoutMs);
    return this.#take(result, errno);
  }

  close(): void {
    closeFd(this.#fd);
  }

  #take(count: number, why: number): number {
    if (count === -1) {
      if (why === k.EINTR) return 0;
      throw new SysError("epoll_wait", "", why);
    }
    const { words } = this.#events;
    for (let i = 0; i < count; i++) {
      this.ready[2 * i] = words[EVENT_WORDS * i + DATA_WORD];
      this.ready[2 * i + 1] = words[EVENT_WORDS * i];
    }
    return count;
  }
}
