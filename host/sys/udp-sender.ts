// The core's open sends to the underlay (sendmmsg(2)): consecutive descriptors of one socket in one call, several segments of one
// descriptor by UDP_SEGMENT. Whatever could not be sent is written back to the descriptor: T_DROPPED segments, for T_REASON.
// Hot: no allocation, no exception. Made and used by one worker thread.
//
// Errors (design rule 7; net/ipv4/udp.c udp_send_skb):
//   EIO, EINVAL with UDP_SEGMENT      the socket goes on without it for a while: each segment is a message of its own
//   EMSGSIZE                          pkt_too_big, and the VTEP is remembered for a look at its path MTU
//   EAGAIN, ENOBUFS                   full_ring
//   ENETUNREACH, EHOSTUNREACH, ENETDOWN, EADDRNOTAVAIL, EPERM   tx_unreachable
//   other                             tx_error
// sendmmsg tells an error only for its first message: after a partial success it is called again from where it stopped.

import { TX_BUFFER_BYTES, TX_MAX, TX_PAYLOAD_BYTES_MAX, TX_SEGMENTS_MAX, VTEPS_MAX } from "../../assembly/abi/limits.ts";
import * as reason from "../../assembly/abi/reason.ts";
import {
  T_DROPPED,
  T_INJECTED,
  T_LENGTH,
  T_OFFSET,
  T_REASON,
  T_SEGMENT_BYTES,
  T_SEGMENTS,
  T_SOCKET,
  T_TOS,
  T_TTL,
  T_VTEP,
  TX_BYTES,
  W_SOURCE_PORTS,
  W_TX,
  W_TX_BUFFER,
  W_TX_COUNT,
  WORKER_BYTES,
} from "../../assembly/abi/worker.ts";
import { Addresses } from "./addresses.ts";
import * as k from "./constants.ts";
import { Injector } from "./injector.ts";
import { errno, sendmmsg } from "./libc.ts";
import { Region } from "./memory.ts";
import type { Family } from "./sockaddr.ts";
import { localPort } from "./udp.ts";
import { MESSAGE_BYTES, UdpMessages } from "./udp-messages.ts";
import { VtepSockaddrs } from "./vtep-sockaddrs.ts";

/** VTEPs remembered for their path MTU between two looks of the caller; more wait for their next refused send. */
export const PATH_MTU_EVENTS_MAX = 64;
/**
 * Trains that a socket which was refused UDP_SEGMENT sends without it before it tries again: what was in the way may be gone, such as an IPsec policy,
 * or (EINVAL on older kernels) a segment too long for a path that had just become narrower.
 */
export const GSO_RETRY_TRAINS = 1024;
const FLAGS = k.MSG_DONTWAIT | k.MSG_NOSIGNAL;

/** A descriptor's first words, T_OFFSET to T_TTL: what a send needs. */
const PLAN_WORDS = 8;
const OFFSET = T_OFFSET >> 2;
const LENGTH = T_LENGTH >> 2;
const SEGMENT_BYTES = T_SEGMENT_BYTES >> 2;
const SEGMENTS = T_SEGMENTS >> 2;
const VTEP = T_VTEP >> 2;
const SOCKET = T_SOCKET >> 2;
const TOS = T_TOS >> 2;
const TTL = T_TTL >> 2;
const BYTE_MAX = 255;

export class UdpSender {
  /** Sockets that go on without UDP_SEGMENT. */
  gsoOff = 0;
  /** Indices of VTEPs to which a send was refused with EMSGSIZE. The caller reads and clears it. */
  readonly pathMtuEvents = new Set<number>();
  readonly #words: Int32Array<ArrayBufferLike>;
  readonly #block: number;
  readonly #injector: Injector;
  readonly #fds: Int32Array;
  /** By socket: trains to go without UDP_SEGMENT, 0 = with it. */
  readonly #withoutGso: Uint16Array;
  readonly #vteps: VtepSockaddrs;
  readonly #batch: UdpMessages;
  readonly #batchAddresses: Addresses;
  readonly #singles: UdpMessages;
  /** Descriptor of each message in #batch. */
  readonly #descriptors = new Int32Array(TX_MAX);
  /** The descriptors, copied before they are checked: what is checked is what is used, whatever happens to the shared memory meanwhile. */
  readonly #plan = new Int32Array(TX_MAX * PLAN_WORDS);

  /** `workerBlock`: byte offset of the worker's block. `fds`: TX_SOCKETS of openSender, of this family. `tunnelTap`: an underlay TAP, or -1. */
  constructor(region: Region, workerBlock: number, fds: readonly number[], family: Family, tunnelTap = -1) {
    if (!region.holds(workerBlock, WORKER_BYTES)) throw new RangeError("the worker's block lies outside the memory");
    this.#words = region.words;
    this.#block = workerBlock;
    this.#injector = new Injector(region, workerBlock, tunnelTap);
    // Only what is injected carries a source port that no socket has put there.
    if (tunnelTap >= 0) for (const [i, fd] of fds.entries()) region.words[((workerBlock + W_SOURCE_PORTS) >> 2) + i] = localPort(fd);
    this.#fds = Int32Array.from(fds);
    this.#withoutGso = new Uint16Array(fds.length);
    this.#vteps = new VtepSockaddrs(region, family);
    this.#batch = new UdpMessages(region, TX_MAX, family);
    this.#batchAddresses = new Addresses(this.#batch.base);
    this.#singles = new UdpMessages(region, TX_SEGMENTS_MAX, family);
  }

  /** Sends the W_TX_COUNT descriptors in order, and writes T_DROPPED and T_REASON of each. Gives the number of system calls. */
  send(): number {
    const count = Math.min(this.#words[(this.#block + W_TX_COUNT) >> 2], TX_MAX);
    this.#vteps.refresh();
    let calls = 0;
    let socket = 0;
    let messages = 0;
    for (let i = 0; i < count; i++) {
      if (this.#words[(this.#block + W_TX + i * TX_BYTES + T_INJECTED) >> 2] !== 0) {
        if (messages > 0) calls += this.#flush(socket, messages);
        messages = 0;
        calls++;
        this.#injector.inject(i);
        continue;
      }
      const plan = this.#copy(i);
      const why = this.#refusal(plan);
      if (why !== reason.DROP_NONE) {
        this.#answer(i, Math.max(1, Math.min(this.#plan[plan + SEGMENTS], TX_SEGMENTS_MAX)), why);
        continue;
      }
      const itsSocket = this.#plan[plan + SOCKET];
      const alone = this.#plan[plan + SEGMENTS] > 1 && this.#isWithoutGso(itsSocket);
      if (messages > 0 && (itsSocket !== socket || alone)) {
        calls += this.#flush(socket, messages);
        messages = 0;
      }
      socket = itsSocket;
      if (alone) calls += this.#sendSegments(i);
      else this.#add(messages++, i);
    }
    return messages > 0 ? calls + this.#flush(socket, messages) : calls;
  }

  /** Whether this socket's next train goes without UDP_SEGMENT. */
  #isWithoutGso(socket: number): boolean {
    if (this.#withoutGso[socket] === 0) return false;
    if (--this.#withoutGso[socket] > 0) return true;
    this.gsoOff--;
    return false;
  }

  /** Copies descriptor i; gives where the copy is. */
  #copy(i: number): number {
    const from = (this.#block + W_TX + i * TX_BYTES) >> 2;
    const plan = i * PLAN_WORDS;
    for (let word = 0; word < PLAN_WORDS; word++) this.#plan[plan + word] = this.#words[from + word];
    return plan;
  }

  /** Writes what became of descriptor i. */
  #answer(i: number, dropped: number, why: number): void {
    const at = (this.#block + W_TX + i * TX_BYTES) >> 2;
    this.#words[at + (T_DROPPED >> 2)] = dropped;
    this.#words[at + (T_REASON >> 2)] = why;
  }

  /** Checks everything that the kernel would otherwise take on trust. A wrong number is the core's bug: it never reaches the kernel. */
  #refusal(plan: number): number {
    const p = this.#plan;
    const length = p[plan + LENGTH];
    const segments = p[plan + SEGMENTS];
    const start = this.#block + W_TX_BUFFER;
    if (length < 1 || length > TX_PAYLOAD_BYTES_MAX || segments < 1 || segments > TX_SEGMENTS_MAX) return reason.DROP_CORE_TRAP;
    if (!Region.within(p[plan + OFFSET], length, start, start + TX_MAX * TX_BUFFER_BYTES)) return reason.DROP_CORE_TRAP;
    if (segments > 1) {
      const segmentBytes = p[plan + SEGMENT_BYTES];
      if (segmentBytes < 1 || segmentBytes >= length) return reason.DROP_CORE_TRAP;
      if (length <= (segments - 1) * segmentBytes || length > segments * segmentBytes) return reason.DROP_CORE_TRAP;
    }
    if (p[plan + SOCKET] < 0 || p[plan + SOCKET] >= this.#fds.length) return reason.DROP_CORE_TRAP;
    if (p[plan + VTEP] < 0 || p[plan + VTEP] >= VTEPS_MAX) return reason.DROP_CORE_TRAP;
    if (p[plan + TOS] < 0 || p[plan + TOS] > BYTE_MAX || p[plan + TTL] < 1 || p[plan + TTL] > BYTE_MAX) return reason.DROP_CORE_TRAP;
    return this.#vteps.find(p[plan + VTEP]) ? reason.DROP_NONE : reason.DROP_NO_TX_TARGET;
  }

  /** Descriptor i becomes a message of the batch. */
  #add(message: number, i: number): void {
    const p = this.#plan;
    const plan = i * PLAN_WORDS;
    this.#descriptors[message] = i;
    this.#answer(i, 0, reason.DROP_NONE);
    this.#fill(this.#batch, message, plan, p[plan + OFFSET], p[plan + LENGTH], p[plan + SEGMENTS] > 1 ? p[plan + SEGMENT_BYTES] : 0);
  }

  #fill(messages: UdpMessages, message: number, plan: number, offset: number, length: number, segmentBytes: number): void {
    const p = this.#plan;
    messages.set(message, offset, length, this.#vteps.low(p[plan + VTEP]), this.#vteps.high, p[plan + TOS], p[plan + TTL], segmentBytes);
  }

  /** Sends the first `count` messages of the batch. */
  #flush(socket: number, count: number): number {
    let calls = 0;
    for (let done = 0; done < count; ) {
      calls++;
      const sent = sendmmsg(this.#fds[socket], this.#batchAddresses.of(done * MESSAGE_BYTES), count - done, FLAGS);
      if (sent > 0) {
        done += sent;
        continue;
      }
      calls += this.#failed(this.#descriptors[done], errno());
      done++;
    }
    return calls;
  }

  /** The send of descriptor i was refused. Gives the number of further calls. */
  #failed(i: number, why: number): number {
    const plan = i * PLAN_WORDS;
    const segments = this.#plan[plan + SEGMENTS];
    if (segments > 1 && (why === k.EIO || why === k.EINVAL)) {
      const socket = this.#plan[plan + SOCKET];
      if (this.#withoutGso[socket] === 0) {
        this.#withoutGso[socket] = GSO_RETRY_TRAINS;
        this.gsoOff++;
      }
      return this.#sendSegments(i);
    }
    this.#answer(i, segments, this.#reasonOf(why, this.#plan[plan + VTEP]));
    return 0;
  }

  /** Descriptor i without UDP_SEGMENT, each segment a message. Gives the number of calls. */
  #sendSegments(i: number): number {
    const p = this.#plan;
    const plan = i * PLAN_WORDS;
    const fd = this.#fds[p[plan + SOCKET]];
    const segments = p[plan + SEGMENTS];
    const bytes = p[plan + SEGMENT_BYTES];
    for (let segment = 0, from = 0; segment < segments; segment++, from += bytes) {
      this.#fill(this.#singles, segment, plan, p[plan + OFFSET] + from, Math.min(bytes, p[plan + LENGTH] - from), 0);
    }
    let calls = 0;
    let dropped = 0;
    let why: number = reason.DROP_NONE;
    for (let done = 0; done < segments; ) {
      calls++;
      const sent = sendmmsg(fd, this.#singles.base + done * MESSAGE_BYTES, segments - done, FLAGS);
      if (sent > 0) {
        done += sent;
        continue;
      }
      why = this.#reasonOf(errno(), p[plan + VTEP]);
      dropped++;
      done++;
    }
    this.#answer(i, dropped, why);
    return calls;
  }

  #reasonOf(why: number, vtep: number): number {
    switch (why) {
      case k.EMSGSIZE:
        if (this.pathMtuEvents.size < PATH_MTU_EVENTS_MAX) this.pathMtuEvents.add(vtep);
        return reason.DROP_PKT_TOO_BIG;
      case k.EAGAIN:
      case k.ENOBUFS:
        return reason.DROP_FULL_RING;
      case k.ENETUNREACH:
      case k.EHOSTUNREACH:
      case k.ENETDOWN:
      case k.EADDRNOTAVAIL:
      case k.EPERM:
        return reason.DROP_TX_UNREACHABLE;
      default:
        return reason.DROP_TX_ERROR;
    }
  }
}
