// Workers without root: sockets on loopback, no TAPs. Any descriptor that epoll takes can stand for a TAP that is never read.

import { randomInt } from "node:crypto";
import { PORTS_MAX, TX_SOCKETS } from "../../../assembly/abi/limits.ts";
import { createMemory } from "../../../host/core/layout.ts";
import { loadCore } from "../../../host/core/module.ts";
import { EventFd } from "../../../host/sys/eventfd.ts";
import { closeFd } from "../../../host/sys/fd.ts";
import { openReceiver, openSender } from "../../../host/sys/udp.ts";
import type { Backend, WorkerTask } from "../../../host/worker/task.ts";

export const ADDRESS = "127.0.0.1";
const TRIES = 20;

/** A receiver on a free port. */
export function receiverOnFreePort(): { fd: number; port: number } {
  for (let tries = 1; ; tries++) {
    const port = randomInt(20_000, 30_000);
    try {
      return { fd: openReceiver({ address: ADDRESS, port, first: true }), port };
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}

export interface LoopbackTask {
  task: WorkerTask;
  port: number;
  close(): void;
}

/** A task for worker 0 of a new memory. */
export function loopbackTask(backend: Backend): LoopbackTask {
  const memory = createMemory({ workers: 1, fdbCapacity: 256, addressCapacity: 256, features: 0 });
  const { fd, port } = receiverOnFreePort();
  const senders = Array.from({ length: TX_SOCKETS }, () => openSender({ address: ADDRESS }));
  const doorbell = new EventFd();
  const task: WorkerTask = {
    worker: 0,
    backend,
    memory,
    module: loadCore(),
    family: 4,
    receiver: fd,
    senders,
    descriptors: new Int32Array(new SharedArrayBuffer(4 * PORTS_MAX)).fill(-1),
    tunnelTap: -1,
    pinned: false,
    spinMicroseconds: 0,
    doorbell: doorbell.fd,
  };
  const close = () => {
    for (const open of [fd, ...senders]) closeFd(open);
    doorbell.close();
  };
  return { task, port, close };
}
