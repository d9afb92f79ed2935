// An array of messages for sendmmsg(2), each one piece of the core's memory with its destination, TOS, TTL and segment size.
//
// Scratch, once a message:  mmsghdr 64 B | iovec 16 B | control messages 3 × 24 B: [ TTL | TOS | UDP_SEGMENT ]
//
// Only the control messages that differ from what the socket is set to are passed, as one run of those three. Used by UdpSender only.

import * as k from "./constants.ts";
import { type Region, Scratch } from "./memory.ts";
import { type Family, sockaddrBytes } from "./sockaddr.ts";
import { DEFAULT_TOS, DEFAULT_TTL } from "./udp.ts";

export const MESSAGE_BYTES = 64;
const IOV_BYTES = 16;
/** CMSG_SPACE of anything up to 8 bytes. */
const CMSG_BYTES = 24;
const CMSG_HEADER_BYTES = 16;
const TTL_CMSG = 0;
const TOS_CMSG = 1;
const SEGMENT_CMSG = 2;
const CMSGS = 3;

export class UdpMessages {
  /** Address of message 0; the others follow MESSAGE_BYTES apart. */
  readonly base: number;
  readonly #scratch: Scratch;
  readonly #words: Int32Array;
  readonly #region: Region;
  readonly #iovAt: number;
  readonly #controlAt: number;

  constructor(region: Region, count: number, family: Family) {
    this.#region = region;
    this.#iovAt = count * MESSAGE_BYTES;
    this.#controlAt = this.#iovAt + count * IOV_BYTES;
    this.#scratch = new Scratch(this.#controlAt + count * CMSGS * CMSG_BYTES);
    this.base = this.#scratch.base;
    this.#words = this.#scratch.words;
    for (let i = 0; i < count; i++) this.#prepare(i, family);
  }

  /**
   * Fills message i: `length` bytes at `offset` of the core's memory, which the caller has checked, to the socket address at low word
   * `nameLow` (in the Scratch that `nameHigh` is of). `segmentBytes` 0 = no UDP_SEGMENT.
   */
  set(i: number, offset: number, length: number, nameLow: number, nameHigh: number, tos: number, ttl: number, segmentBytes: number): void {
    const words = this.#words;
    const message = (i * MESSAGE_BYTES) >> 2;
    const iov = (this.#iovAt + i * IOV_BYTES) >> 2;
    words[message] = nameLow;
    words[message + 1] = nameHigh;
    words[iov] = this.#region.low(offset);
    words[iov + 1] = this.#region.high(offset);
    words[iov + 2] = length;

    const first = ttl !== DEFAULT_TTL ? TTL_CMSG : tos !== DEFAULT_TOS ? TOS_CMSG : SEGMENT_CMSG;
    const end = segmentBytes !== 0 ? SEGMENT_CMSG + 1 : tos !== DEFAULT_TOS ? TOS_CMSG + 1 : ttl !== DEFAULT_TTL ? TTL_CMSG + 1 : first;
    const control = this.#controlAt + i * CMSGS * CMSG_BYTES;
    const value = (control + CMSG_HEADER_BYTES) >> 2;
    words[value + ((TTL_CMSG * CMSG_BYTES) >> 2)] = ttl;
    words[value + ((TOS_CMSG * CMSG_BYTES) >> 2)] = tos;
    words[value + ((SEGMENT_CMSG * CMSG_BYTES) >> 2)] = segmentBytes;
    words[message + 8] = this.#scratch.low(control + first * CMSG_BYTES);
    words[message + 10] = (end - first) * CMSG_BYTES;
  }

  #prepare(i: number, family: Family): void {
    const words = this.#words;
    const message = (i * MESSAGE_BYTES) >> 2;
    const control = this.#controlAt + i * CMSGS * CMSG_BYTES;
    words[message + 2] = sockaddrBytes(family);
    this.#scratch.point(words, message + 4, this.#iovAt + i * IOV_BYTES);
    words[message + 6] = 1;
    this.#scratch.point(words, message + 8, control);
    const level = family === 4 ? k.IPPROTO_IP : k.IPPROTO_IPV6;
    this.#cmsg(control + TTL_CMSG * CMSG_BYTES, level, family === 4 ? k.IP_TTL : k.IPV6_HOPLIMIT, 4);
    this.#cmsg(control + TOS_CMSG * CMSG_BYTES, level, family === 4 ? k.IP_TOS : k.IPV6_TCLASS, 4);
    this.#cmsg(control + SEGMENT_CMSG * CMSG_BYTES, k.IPPROTO_UDP, k.UDP_SEGMENT, 2);
  }

  /** struct cmsghdr: length u64, level, type. */
  #cmsg(at: number, level: number, type: number, valueBytes: number): void {
    this.#words[at >> 2] = CMSG_HEADER_BYTES + valueBytes;
    this.#words[(at >> 2) + 2] = level;
    this.#words[(at >> 2) + 3] = type;
  }
}
