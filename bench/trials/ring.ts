// An io_uring (io_uring(7)) driven from TypeScript: rings and submissions in ordinary shared memory outside the core's (IORING_SETUP_NO_MMAP, Linux 6.10 for
// more than a page), read and written without a call; one system call submits, waits and reaps. For the trial beside it, on one thread.

import { check } from "../../host/sys/errno.ts";
import { addressOf, syscall } from "../../host/sys/libc.ts";

// The same numbers on x86-64 and arm64.
const SYS_IO_URING_SETUP = 425;
const SYS_IO_URING_ENTER = 426;
const SYS_IO_URING_REGISTER = 427;
/** CQSIZE | SUBMIT_ALL | SINGLE_ISSUER | DEFER_TASKRUN | NO_MMAP | NO_SQARRAY. */
const SETUP = (1 << 3) | (1 << 7) | (1 << 12) | (1 << 13) | (1 << 14) | (1 << 16);
/** Without it deferred work does not run. */
const ENTER_GETEVENTS = 1;
const REGISTER_PBUF_RING = 22;

export const OP_SENDMSG = 9;
export const OP_ASYNC_CANCEL = 14;
export const OP_WRITE = 23;
export const OP_READ_MULTISHOT = 49;
/** In the word of the opcode: the kernel picks the buffer. */
const BUFFER_SELECT = (1 << 5) << 8;
export const RWF_NOWAIT = 8;

const PAGE = 4096;
const WORD = 2 ** 32;
const SQE_BYTES = 64;
const CQE_BYTES = 16;
/** Byte offsets in struct io_uring_params. */
const SQ_OFFSETS = 40;
const CQ_OFFSETS = 80;
const USER_ADDRESS = 32;

/** Shared memory that begins on a page. The kernel is only told addresses: whoever passes one keeps this object. */
export class Pages {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly base: number;

  constructor(size: number) {
    const buffer = new SharedArrayBuffer(size + PAGE);
    const start = (PAGE - (addressOf(buffer) % PAGE)) % PAGE;
    this.words = new Int32Array(buffer, start, size >> 2);
    this.bytes = new Uint8Array(buffer, start, size);
    this.base = addressOf(buffer) + start;
  }

  /** Writes an address as the 8 bytes at word `at`. */
  point(at: number, address: number): void {
    this.words[at] = address | 0;
    this.words[at + 1] = Math.floor(address / WORD);
  }
}

export class Ring {
  readonly #fd: number;
  readonly #submissions: Pages;
  readonly #rings: Pages;
  readonly #submissionMask: number;
  readonly #completionMask: number;
  readonly #submissionTail: number;
  readonly #head: number;
  readonly #tail: number;
  readonly #completions: number;
  #queued = 0;
  #submitted = 0;

  /** `entries`, a power of two: submissions; twice as many completions. Throws SysError (EPERM: kernel.io_uring_disabled, seccomp; EINVAL: too old a kernel). */
  constructor(entries: number) {
    this.#submissions = new Pages(entries * SQE_BYTES);
    this.#rings = new Pages(PAGE + 2 * entries * CQE_BYTES);
    const parameters = new Pages(PAGE);
    const p = parameters.words;
    p[1] = 2 * entries;
    p[2] = SETUP;
    parameters.point((SQ_OFFSETS + USER_ADDRESS) >> 2, this.#submissions.base);
    parameters.point((CQ_OFFSETS + USER_ADDRESS) >> 2, this.#rings.base);
    this.#fd = check(syscall(SYS_IO_URING_SETUP, entries, parameters.base, 0, 0, 0, 0), "io_uring_setup", `${entries} entries`);
    this.#submissionMask = p[0] - 1;
    this.#completionMask = p[1] - 1;
    this.#submissionTail = p[(SQ_OFFSETS + 4) >> 2] >> 2;
    this.#head = p[CQ_OFFSETS >> 2] >> 2;
    this.#tail = p[(CQ_OFFSETS + 4) >> 2] >> 2;
    this.#completions = p[(CQ_OFFSETS + 20) >> 2] >> 2;
  }

  /** Queues a submission. `flags`: the operation's own (rw_flags, msg_flags, cancel_flags). `tag`: comes back with its completion. */
  push(operation: number, fd: number, address: number, length: number, flags: number, tag: number): void {
    this.#put(operation, fd, 0, address, length, flags, tag, 0);
  }

  /** Queues a read of `fd` that goes on until its buffers, of group `group`, are used up. It has no position. */
  pushReads(fd: number, group: number, tag: number): void {
    this.#put(OP_READ_MULTISHOT | BUFFER_SELECT, fd, -1, 0, 0, 0, tag, group);
  }

  /** Submits what is queued and waits until at least `wanted` completions are there. Throws SysError. */
  enter(wanted: number): void {
    this.#rings.words[this.#submissionTail] = this.#queued;
    const submit = (this.#queued - this.#submitted) | 0;
    check(syscall(SYS_IO_URING_ENTER, this.#fd, submit, wanted, ENTER_GETEVENTS, 0, 0), "io_uring_enter", "");
    this.#submitted = this.#queued;
  }

  /** Takes all completions, (tag, result, flags) each, into `to`. Gives how many. */
  reap(to: Int32Array): number {
    const words = this.#rings.words;
    const tail = words[this.#tail];
    let count = 0;
    for (let head = words[this.#head]; head !== tail; head = (head + 1) | 0) {
      const at = this.#completions + ((head & this.#completionMask) << 2);
      to[3 * count] = words[at];
      to[3 * count + 1] = words[at + 2];
      to[3 * count + 2] = words[at + 3];
      count++;
    }
    words[this.#head] = tail;
    return count;
  }

  /** Registers the ring of buffers at `pages` as group `group`. Throws SysError. */
  registerBuffers(pages: Pages, entries: number, group: number): void {
    const request = new Pages(PAGE);
    request.point(0, pages.base);
    request.words[2] = entries;
    request.words[3] = group;
    check(syscall(SYS_IO_URING_REGISTER, this.#fd, REGISTER_PBUF_RING, request.base, 1, 0, 0), "io_uring_register", `group ${group}`);
  }

  /** Fills struct io_uring_sqe; what it has besides is never anything but zero. */
  #put(operation: number, fd: number, position: number, address: number, length: number, flags: number, tag: number, group: number): void {
    const at = (this.#queued & this.#submissionMask) << 4;
    const words = this.#submissions.words;
    words[at] = operation;
    words[at + 1] = fd;
    words[at + 2] = position;
    words[at + 3] = position;
    this.#submissions.point(at + 4, address);
    words[at + 6] = length;
    words[at + 7] = flags;
    words[at + 8] = tag;
    words[at + 10] = group;
    this.#queued = (this.#queued + 1) | 0;
  }
}

/** Buffers from which the kernel picks for a read, in the order in which they were given. */
export class Buffers {
  readonly #pages: Pages;
  readonly #halves: Int16Array<SharedArrayBuffer>;
  readonly #mask: number;
  #tail = 0;

  /** `entries`: a power of two. */
  constructor(ring: Ring, entries: number, group: number) {
    this.#pages = new Pages(Math.max(PAGE, entries * 16));
    this.#halves = new Int16Array(this.#pages.words.buffer, this.#pages.words.byteOffset, this.#pages.words.length * 2);
    this.#mask = entries - 1;
    ring.registerBuffers(this.#pages, entries, group);
  }

  /** Gives the kernel a buffer; `id` comes back in the upper half of the flags of the completion that used it. */
  give(address: number, length: number, id: number): void {
    const at = (this.#tail & this.#mask) << 2;
    this.#pages.point(at, address);
    this.#pages.words[at + 2] = length;
    this.#halves[2 * at + 6] = id;
    this.#tail = (this.#tail + 1) & 0xffff;
    // The tail is kept in the spare half of the first entry (struct io_uring_buf_ring).
    this.#halves[7] = this.#tail;
  }
}
