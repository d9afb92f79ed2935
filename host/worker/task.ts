// What a worker is given when it starts. One long-running Piscina task a worker; nothing is sent to it afterwards: it reads shared memory.

import type { Family } from "../model/ip.ts";

/** How frames get to and from the underlay: batches with segmentation offload, or node:dgram, one datagram at a time. */
export type Backend = "native" | "dgram";

export interface WorkerTask {
  worker: number;
  backend: Backend;
  memory: WebAssembly.Memory;
  module: WebAssembly.Module;
  /** Outer address family. */
  family: Family;
  /** Stay on one CPU. */
  pinned: boolean;
  /** How long at most it looks for work before it sleeps, in microseconds; 0: it sleeps at once. */
  spinMicroseconds: number;
  /** The receiving socket on the data port. */
  receiver: number;
  /** TX_SOCKETS sending sockets. */
  senders: number[];
  /** The TAP of each port, -1 = none: shared, and outside the core's memory (host/core/entries.ts). */
  descriptors: Int32Array<ArrayBufferLike>;
  /** An underlay TAP for injection, or -1. */
  tunnelTap: number;
  /** An eventfd: the main thread's way to end this worker's sleep. */
  doorbell: number;
}

/** Why a worker returned: it was told to stop, or it has to be replaced. */
export type WorkerResult = "stopped";
