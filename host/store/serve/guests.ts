// Who is at a front's door. A connection is a stranger's until a call of a member comes by it, and strangers, of whom nobody knows anything (a port scan, a
// host that joins, somebody who would like the manager to be busy), have little of it: so many, for so long, and so many bytes together. Who has been there longest goes first:
// a member needs but a moment to say who it is, and who means harm stays. Main thread.

import type { Socket } from "node:net";
import { Bucket } from "../../model/bucket.ts";
import type { Caller } from "../rights.ts";

/** A TLS connection is some 60 KiB. */
export const STRANGERS_MAX = 1_024;
/** Longer than a host that joins waits for its answer. */
export const STRANGER_MS_MAX = 20_000;
/** What all of them have sent; a request may be 1.5 MiB, and half of one is kept until it is whole. */
export const STRANGERS_BYTES_MAX = 64 * 1024 ** 2;
/** Calls by one of them: to join takes one, and a member whose manager has yet to hear of it tries again. */
export const STRANGER_CALLS_MAX = 64;
/** Of one worker; its agent has one, and another while that is lost. */
export const WORKER_CONNECTIONS_MAX = 16;
/** What a worker may send by all of them together: an agent that attaches a thousand endpoints a second sends half of it. Past that they are cut, and
 * what is half sent is forgotten. */
export const WORKER_BYTES_PER_SECOND = 1024 ** 2;
export const WORKER_BYTES_AT_ONCE = 64 * 1024 ** 2;
/** Of its requests, by all of them, those that are not whole or not answered: as many small ones as may wait, or twenty of the largest. */
export const WORKER_HELD_BYTES_MAX = 32 * 1024 ** 2;
const LOOK_MS = 250;

export interface GuestOptions {
  strangersMax?: number;
  strangerMsMax?: number;
  strangersBytesMax?: number;
  workerBytesAtOnce?: number;
}

interface Guest {
  socket: Socket;
  sinceMs: number;
  /** Until it is known. */
  calls: number;
  /** Of its requests, what is kept of them now. */
  heldBytes: number;
  /** What it had sent when it was looked at last. */
  sentBytes: number;
}

interface Worker {
  guests: Set<Guest>;
  bytes: Bucket;
}

export class Guests {
  readonly #options: Required<GuestOptions>;
  /** By address and port, as all of these. */
  readonly #all = new Map<string, Guest>();
  /** The longest there first. */
  readonly #strangers = new Map<string, Guest>();
  readonly #workers = new Map<string, Worker>();
  readonly #timer: NodeJS.Timeout;

  constructor({
    strangersMax = STRANGERS_MAX,
    strangerMsMax = STRANGER_MS_MAX,
    strangersBytesMax = STRANGERS_BYTES_MAX,
    workerBytesAtOnce = WORKER_BYTES_AT_ONCE,
  }: GuestOptions = {}) {
    this.#options = { strangersMax, strangerMsMax, strangersBytesMax, workerBytesAtOnce };
    this.#timer = setInterval(() => this.#look(performance.now()), LOOK_MS).unref();
  }

  enter(socket: Socket): void {
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    if (this.#strangers.size >= this.#options.strangersMax) this.cut(this.#strangers.keys().next().value as string);
    const guest = { socket, sinceMs: performance.now(), calls: 0, heldBytes: 0, sentBytes: 0 };
    this.#all.set(peer, guest);
    this.#strangers.set(peer, guest);
    socket.once("close", () => {
      for (const each of [this.#all, this.#strangers]) if (each.get(peer) === guest) each.delete(peer);
    });
  }

  /** By this connection somebody calls who has shown no certificate, or one that is not good. */
  callOf(peer: string): void {
    const stranger = this.#strangers.get(peer);
    if (stranger && ++stranger.calls > STRANGER_CALLS_MAX) this.cut(peer);
  }

  /** By this connection (as gRPC's getPeer() has it) a member has called. */
  know(peer: string, { nodeId, role }: Caller): void {
    const stranger = this.#strangers.get(peer);
    if (!stranger) return;
    this.#strangers.delete(peer);
    if (role === "worker") this.#count(nodeId, stranger);
  }

  /** So much more of its requests is kept now, or so much less. */
  hold(peer: string, bytes: number): void {
    const guest = this.#all.get(peer);
    if (guest) guest.heldBytes += bytes;
  }

  cut(peer: string): void {
    this.#strangers.delete(peer);
    this.#all.get(peer)?.socket.destroy();
  }

  close(): void {
    clearInterval(this.#timer);
    for (const peer of [...this.#strangers.keys()]) this.cut(peer);
  }

  #count(nodeId: string, guest: Guest): void {
    const bytes = new Bucket(WORKER_BYTES_PER_SECOND, this.#options.workerBytesAtOnce);
    const worker = this.#workers.get(nodeId) ?? { guests: new Set(), bytes };
    const { guests } = worker;
    this.#workers.set(nodeId, worker);
    guests.add(guest);
    guest.socket.once("close", () => {
      guests.delete(guest);
      if (guests.size === 0 && this.#workers.get(nodeId) === worker) this.#workers.delete(nodeId);
    });
    if (guests.size > WORKER_CONNECTIONS_MAX) guests.values().next().value?.socket.destroy();
  }

  #look(nowMs: number): void {
    let bytes = 0;
    for (const [peer, { socket, sinceMs }] of this.#strangers)
      if (nowMs - sinceMs > this.#options.strangerMsMax) this.cut(peer);
      else bytes += socket.bytesRead;
    while (bytes > this.#options.strangersBytesMax) {
      const [peer, { socket }] = [...this.#strangers].reduce((a, b) => (b[1].socket.bytesRead > a[1].socket.bytesRead ? b : a));
      bytes -= socket.bytesRead;
      this.cut(peer);
    }
    for (const { guests, bytes: allowed } of this.#workers.values()) {
      let sent = 0;
      let held = 0;
      for (const guest of guests) {
        sent += guest.socket.bytesRead - guest.sentBytes;
        guest.sentBytes = guest.socket.bytesRead;
        held += guest.heldBytes;
      }
      if (!allowed.take(nowMs, sent) || held > WORKER_HELD_BYTES_MAX) for (const { socket } of guests) socket.destroy();
    }
  }
}
