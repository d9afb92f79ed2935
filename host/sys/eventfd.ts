// A counter that wakes an epoll (eventfd(2)): how the main thread ends a worker's sleep. Any thread may signal; the number is the process's.

import * as k from "./constants.ts";
import { check, SysError } from "./errno.ts";
import { closeFd } from "./fd.ts";
import { errno, eventfd, read, write } from "./libc.ts";
import { Scratch } from "./memory.ts";

const COUNTER_BYTES = 8;

export class EventFd {
  readonly fd: number;
  readonly #counter = new Scratch(COUNTER_BYTES);

  /** Makes one, or wraps the number of one that another thread has made. Throws SysError. */
  constructor(fd?: number) {
    this.fd = fd ?? check(eventfd(0, k.EFD_NONBLOCK | k.EFD_CLOEXEC), "eventfd", "");
  }

  /** Makes the fd readable. A counter at its top already is (EAGAIN). Throws SysError. */
  signal(): void {
    this.#counter.words[0] = 1;
    this.#counter.words[1] = 0;
    if (write(this.fd, this.#counter.base, COUNTER_BYTES) === -1) this.#expectAgain("write");
  }

  /** Makes it unreadable again; false when it was. Throws SysError. */
  drain(): boolean {
    if (read(this.fd, this.#counter.base, COUNTER_BYTES) !== -1) return true;
    this.#expectAgain("read");
    return false;
  }

  close(): void {
    closeFd(this.fd);
  }

  #expectAgain(syscall: string): void {
    const why = errno();
    if (why !== k.EAGAIN) throw new SysError(syscall, `eventfd ${this.fd}`, why);
  }
}
