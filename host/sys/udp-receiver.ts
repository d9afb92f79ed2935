// Datagrams from the underlay into the worker's RX buffers, several a system call (recvmmsg(2)). Each fills one RX buffer; one that the
// kernel has merged (UDP_GRO) has its segment size in R_SEGMENT_BYTES. Hot: no allocation, no exception.
//
// Scratch, once a message:  mmsghdr 64 B | iovec 16 B | source address 32 B | control messages 128 B
//
// Made and used by one worker thread. The bytes belong to the core until the next call.

import { RX_BUFFER_BYTES, RX_MAX, RX_UDP_HEADROOM } from "../../assembly/abi/limits.ts";
import {
  R_LENGTH,
  R_OFFSET,
  R_PORT,
  R_SEGMENT_BYTES,
  R_SOURCE,
  R_TOS,
  R_TRUNCATED,
  RX_BYTES,
  W_RX,
  W_RX_BUFFER,
} from "../../assembly/abi/worker.ts";
import * as k from "./constants.ts";
import { errno, recvmmsg } from "./libc.ts";
import { type Region, Scratch } from "./memory.ts";
import { type Family, SIN_ADDR, SIN6_ADDR, SOCKADDR_IN6_BYTES } from "./sockaddr.ts";

/** Datagrams a call by default: more gain nothing, and one saves the final EAGAIN. */
export const RECEIVE_BATCH = 8;

const HEADER_BYTES = 64;
const IOV_AT = RX_MAX * HEADER_BYTES;
const NAME_AT = IOV_AT + RX_MAX * 16;
const NAME_BYTES = 32;
const CONTROL_AT = NAME_AT + RX_MAX * NAME_BYTES;
const CONTROL_BYTES = 128;
const SCRATCH_BYTES = CONTROL_AT + RX_MAX * CONTROL_BYTES;

// Word offsets in struct mmsghdr (64-bit).
const M_NAME = 0;
const M_NAME_LENGTH = 2;
const M_IOV = 4;
const M_IOV_COUNT = 6;
const M_CONTROL = 8;
const M_CONTROL_LENGTH = 10;
const M_FLAGS = 12;
const M_LENGTH = 14;

/** (cmsg_level << 8 | cmsg_type) of the control messages that are read. */
const GRO = (k.IPPROTO_UDP << 8) | k.UDP_GRO;
const TOS = (k.IPPROTO_IP << 8) | k.IP_TOS;
const TCLASS = (k.IPPROTO_IPV6 << 8) | k.IPV6_TCLASS;
const OVERFLOW = (k.SOL_SOCKET << 8) | k.SO_RXQ_OVFL;
/** sizeof(struct cmsghdr): length u64, level, type. */
const CMSG_HEADER_BYTES = 16;
/** 00 00 ff ff, as a little-endian word. */
const V4_MAPPED = 0xffff0000 | 0;

export class UdpReceiver {
  /** Datagrams that the kernel has dropped at this socket for want of room, as far as it has told (with the next datagram that fits). */
  kernelDrops = 0;
  /** Calls that failed otherwise than by having nothing to read, and the last such errno. */
  errors = 0;
  lastErrno = 0;
  readonly #fd: number;
  readonly #scratch = new Scratch(SCRATCH_BYTES);
  readonly #words: Int32Array;
  readonly #region: Int32Array<ArrayBufferLike>;
  readonly #descriptors: number;
  readonly #buffers: number;
  readonly #source: number;
  readonly #v4: boolean;
  #lastOverflow = 0;

  /** `workerBlock`: byte offset of the worker's block. `fd`: of openReceiver. */
  constructor(region: Region, workerBlock: number, fd: number, family: Family) {
    if (!region.holds(workerBlock + W_RX_BUFFER, RX_MAX * RX_BUFFER_BYTES)) throw new RangeError("the RX buffers lie outside the memory");
    this.#fd = fd;
    this.#region = region.words;
    this.#descriptors = (workerBlock + W_RX) >> 2;
    this.#buffers = workerBlock + W_RX_BUFFER + RX_UDP_HEADROOM;
    this.#v4 = family === 4;
    this.#source = this.#v4 ? SIN_ADDR >> 2 : SIN6_ADDR >> 2;
    this.#words = this.#scratch.words;
    for (let i = 0; i < RX_MAX; i++) this.#prepare(region, this.#buffers + i * RX_BUFFER_BYTES, i);
  }

  /** Receives at most `max` datagrams (RX_MAX) into RX buffers 0, 1, … and their descriptors. Gives how many; 0 = there was none. */
  receive(max = RECEIVE_BATCH): number {
    const count = recvmmsg(this.#fd, this.#scratch.base, max < RX_MAX ? max : RX_MAX, k.MSG_DONTWAIT, 0);
    if (count === -1) {
      const why = errno();
      if (why !== k.EAGAIN && why !== k.EINTR) {
        this.errors++;
        this.lastErrno = why;
      }
      return 0;
    }
    for (let i = 0; i < count; i++) this.#take(i);
    return count;
  }

  #prepare(region: Region, buffer: number, i: number): void {
    const words = this.#words;
    const message = (i * HEADER_BYTES) >> 2;
    const iov = (IOV_AT + i * 16) >> 2;
    this.#scratch.point(words, message + M_NAME, NAME_AT + i * NAME_BYTES);
    this.#scratch.point(words, message + M_IOV, IOV_AT + i * 16);
    this.#scratch.point(words, message + M_CONTROL, CONTROL_AT + i * CONTROL_BYTES);
    words[message + M_IOV_COUNT] = 1;
    words[message + M_NAME_LENGTH] = SOCKADDR_IN6_BYTES;
    words[message + M_CONTROL_LENGTH] = CONTROL_BYTES;
    words[iov] = region.low(buffer);
    words[iov + 1] = region.high(buffer);
    words[iov + 2] = RX_BUFFER_BYTES - RX_UDP_HEADROOM;
  }

  /** Fills descriptor i from message i, and makes the message ready for the next call. */
  #take(i: number): void {
    const words = this.#words;
    const region = this.#region;
    const message = (i * HEADER_BYTES) >> 2;
    const descriptor = this.#descriptors + ((i * RX_BYTES) >> 2);
    const name = ((NAME_AT + i * NAME_BYTES) >> 2) + this.#source;
    region[descriptor + (R_OFFSET >> 2)] = this.#buffers + i * RX_BUFFER_BYTES;
    region[descriptor + (R_LENGTH >> 2)] = words[message + M_LENGTH];
    region[descriptor + (R_PORT >> 2)] = 0;
    region[descriptor + (R_TRUNCATED >> 2)] = (words[message + M_FLAGS] & (k.MSG_TRUNC | k.MSG_CTRUNC)) === 0 ? 0 : 1;
    const source = descriptor + (R_SOURCE >> 2);
    if (this.#v4) {
      region[source] = 0;
      region[source + 1] = 0;
      region[source + 2] = V4_MAPPED;
      region[source + 3] = words[name];
    } else {
      region[source] = words[name];
      region[source + 1] = words[name + 1];
      region[source + 2] = words[name + 2];
      region[source + 3] = words[name + 3];
    }
    this.#takeControl((CONTROL_AT + i * CONTROL_BYTES) >> 2, words[message + M_CONTROL_LENGTH], descriptor);
    words[message + M_NAME_LENGTH] = SOCKADDR_IN6_BYTES;
    words[message + M_CONTROL_LENGTH] = CONTROL_BYTES;
  }

  #takeControl(at: number, bytes: number, descriptor: number): void {
    const words = this.#words;
    let segmentBytes = 0;
    let tos = 0;
    for (let left = bytes; left > CMSG_HEADER_BYTES; ) {
      const length = words[at];
      if (length < CMSG_HEADER_BYTES) break;
      const value = words[at + 4];
      const kind = (words[at + 2] << 8) | words[at + 3];
      if (kind === GRO) segmentBytes = value & 0xffff;
      // IP_TOS is one byte, IPV6_TCLASS an int; what lies behind the byte is left over.
      else if (kind === TOS || kind === TCLASS) tos = value & 0xff;
      else if (kind === OVERFLOW) this.#overflow(value);
      const step = (length + 7) & ~7;
      at += step >> 2;
      left -= step;
    }
    this.#region[descriptor + (R_SEGMENT_BYTES >> 2)] = segmentBytes;
    this.#region[descriptor + (R_TOS >> 2)] = tos;
  }

  /** The kernel counts in 32 bits, from the socket's start. */
  #overflow(total: number): void {
    this.kernelDrops += (total - this.#lastOverflow) >>> 0;
    this.#lastOverflow = total;
  }
}
