// UDP sockets of the portable backend: node:dgram on a descriptor that host/sys has opened and set up. node:dgram closes what it is given,
// so it gets a duplicate: a worker that replaces this one finds the originals open.

import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import * as reason from "../../assembly/abi/reason.ts";
import type { Family } from "../model/ip.ts";
import { duplicate } from "../sys/fd.ts";

/** Datagrams waiting for the worker; more are dropped and counted, as the kernel does with a full socket. */
export const QUEUE_MAX = 1024;

export interface Datagram {
  payload: Uint8Array;
  from: string;
}

/** Opens node:dgram on a bound descriptor. Rejects with what node:dgram says. */
export async function openOn(fd: number, family: Family): Promise<Socket> {
  const socket = createSocket(family === 4 ? "udp4" : "udp6");
  // Listened for before: with a descriptor, bind() may be done before it returns.
  const listening = once(socket, "listening");
  socket.bind({ fd: duplicate(fd), exclusive: true });
  await listening;
  return socket;
}

/** What the receiving socket has taken in, bounded. */
export class Inbox {
  readonly #queue: Datagram[] = [];
  #dropped = 0;

  /** `wake` is called when there is something to take. */
  constructor(socket: Socket, wake: () => void) {
    socket.on("message", (payload: Buffer, from: RemoteInfo) => {
      if (this.#queue.length >= QUEUE_MAX) this.#dropped++;
      else this.#queue.push({ payload, from: from.address });
      wake();
    });
  }

  /** At most `max` datagrams, in order. */
  take(max: number): Datagram[] {
    return this.#queue.splice(0, max);
  }

  /** Datagrams that found no room since the last call. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  /** Drops what waits: nobody will take it any more. */
  clear(): void {
    this.#dropped += this.#queue.length;
    this.#queue.length = 0;
  }
}

/** Sends one datagram; resolves to DROP_NONE or why the kernel refused. */
export function sendOne(socket: Socket, payload: Uint8Array, address: string, port: number): Promise<number> {
  return new Promise((resolve) => {
    socket.send(payload, port, address, (error) => resolve(error ? reasonOf(error as NodeJS.ErrnoException) : reason.DROP_NONE));
  });
}

function reasonOf(error: NodeJS.ErrnoException): number {
  switch (error.code) {
    case "EMSGSIZE":
      return reason.DROP_PKT_TOO_BIG;
    case "EAGAIN":
    case "ENOBUFS":
      return reason.DROP_FULL_RING;
    case "ENETUNREACH":
    case "EHOSTUNREACH":
    case "ENETDOWN":
    case "EADDRNOTAVAIL":
    case "EPERM":
      return reason.DROP_TX_UNREACHABLE;
    default:
      return reason.DROP_TX_ERROR;
  }
}
