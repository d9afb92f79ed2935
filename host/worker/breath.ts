// The loop of a worker: sleep → receive a batch → core → send and write → tick (the "breath" of Snabb's engine). Everything between two
// sleeps is bounded; nothing here is a promise, an event or an allocation per frame. Runs on the worker's own thread until H_STOP.

import * as abi from "../../assembly/abi/index.ts";
import { workerBlock } from "../core/layout.ts";
import type { Core } from "../core/module.ts";
import { Epoll } from "../sys/epoll.ts";
import { EventFd } from "../sys/eventfd.ts";
import { Region } from "../sys/memory.ts";
import { READ_GONE, TapReader } from "../sys/tap-reader.ts";
import { TapWriter } from "../sys/tap-writer.ts";
import { RECEIVE_BATCH, UdpReceiver } from "../sys/udp-receiver.ts";
import { UdpSender } from "../sys/udp-sender.ts";
import { OwnedPorts } from "./owned-ports.ts";
import { Stats } from "./stats.ts";
import type { WorkerTask } from "./task.ts";

/** Receives in one breath, so that TAPs get their turn; what is left is reported again by the level-triggered epoll. */
const RECEIVES_MAX = 4;
/** Rounds of reading a full batch from a TAP in one breath. */
const READS_MAX = 4;
/** Bytes read before they are sent: a few superframes, which are then still in the core's cache. */
const READ_BYTES_MAX = 262_144;
const FOR_EVER = -1;

export class Breath {
  readonly #core: Core;
  readonly #header: Int32Array<ArrayBufferLike>;
  readonly #state: Int32Array<ArrayBufferLike>;
  readonly #epoll = new Epoll();
  readonly #doorbell: EventFd;
  readonly #receiverFd: number;
  readonly #receiver: UdpReceiver;
  readonly #sender: UdpSender;
  readonly #reader: TapReader;
  readonly #writer: TapWriter;
  readonly #ports: OwnedPorts;
  readonly #stats: Stats;
  /** The generation whose ports #ports knows. */
  #seen = -1;

  /** `core` is attached to this worker's block. Throws SysError (EMFILE). */
  constructor(task: WorkerTask, core: Core) {
    const block = workerBlock(task.memory, task.worker);
    const region = new Region(task.memory);
    this.#core = core;
    this.#header = new Int32Array(task.memory.buffer, abi.HEADER);
    this.#state = new Int32Array(task.memory.buffer, block);
    this.#doorbell = new EventFd(task.doorbell);
    this.#receiverFd = task.receiver;
    this.#receiver = new UdpReceiver(region, block, task.receiver, task.family);
    this.#sender = new UdpSender(region, block, task.senders, task.family, task.tunnelTap);
    this.#reader = new TapReader(region, block);
    this.#writer = new TapWriter(region, block);
    this.#ports = new OwnedPorts(task.memory, task.worker, this.#epoll);
    this.#stats = new Stats(task.memory, block);
    this.#epoll.add(task.doorbell);
    this.#epoll.add(task.receiver);
  }

  /** Breathes until H_STOP. Throws what the core throws: the pool replaces this worker then. */
  run(): void {
    try {
      this.#refresh();
      this.#goOn();
      while (Atomics.load(this.#header, abi.H_STOP >> 2) === 0) this.#breathe();
    } finally {
      Atomics.store(this.#state, abi.W_STATE >> 2, abi.WORKER_IDLE);
      this.#epoll.close();
    }
  }

  /** The batch that a trapped predecessor left behind, from the frame after the one that trapped it. */
  #goOn(): void {
    const direction = this.#core.recover();
    const count = this.#state[abi.W_RX_COUNT >> 2];
    if (direction === abi.DIRECTION_EGRESS) this.#egress(count);
    else if (direction === abi.DIRECTION_INGRESS) this.#ingress(count);
  }

  /** Says that this worker reads tables again, and follows what changed meanwhile (host/core/grace.ts). */
  #refresh(): void {
    Atomics.store(this.#state, abi.W_STATE >> 2, abi.WORKER_RUNNING);
    const generation = Atomics.load(this.#header, abi.H_GENERATION >> 2);
    if (generation !== this.#seen) this.#ports.refresh();
    this.#seen = generation;
    Atomics.store(this.#state, abi.W_GENERATION >> 2, generation);
  }

  #breathe(): void {
    Atomics.store(this.#state, abi.W_STATE >> 2, abi.WORKER_IDLE);
    const ready = this.#epoll.wait(FOR_EVER);
    this.#refresh();
    this.#stats.add(abi.S_BREATHS, 1);
    let waiting = 0;
    for (let i = 0; i < ready; i++) {
      const fd = this.#epoll.ready[2 * i];
      if (fd === this.#receiverFd) this.#receive();
      else if (fd === this.#doorbell.fd) this.#doorbell.drain();
      else waiting++;
    }
    if (waiting > 0) this.#readPorts(ready);
  }

  #receive(): void {
    for (let round = 0; round < RECEIVES_MAX; round++) {
      const count = this.#receiver.receive(RECEIVE_BATCH);
      this.#stats.add(abi.S_RECEIVE_CALLS, 1);
      if (count === 0) break;
      this.#stats.add(abi.S_DATAGRAMS, count);
      this.#stats.batch(count);
      this.#ingress(count);
      if (count < RECEIVE_BATCH) break;
    }
    this.#stats.set(abi.S_SOCKET_DROPS, this.#receiver.kernelDrops);
  }

  /** Frames of all ready ports share batches, and so sends. */
  #readPorts(ready: number): void {
    let count = 0;
    for (let i = 0; i < ready; i++) {
      const fd = this.#epoll.ready[2 * i];
      const port = this.#ports.of(fd);
      if (port === 0) continue;
      for (let round = 0; round < READS_MAX; round++) {
        const read = this.#reader.readBatch(fd, port, count, abi.RX_MAX - count, READ_BYTES_MAX);
        if (read === READ_GONE) {
          this.#ports.drop(fd);
          this.#core.tellPortGone(port);
          break;
        }
        this.#stats.add(abi.S_TAP_READ_CALLS, this.#reader.drained ? read + 1 : read);
        count += read;
        if (this.#reader.drained) break;
        this.#egress(count);
        count = 0;
      }
    }
    if (count > 0) this.#egress(count);
  }

  #egress(count: number): void {
    this.#stats.add(abi.S_TAP_READS, count);
    this.#stats.batch(count);
    let paused: number;
    do {
      paused = this.#core.egress(count);
      this.#flush();
    } while (paused !== 0);
  }

  #ingress(count: number): void {
    let paused: number;
    do {
      paused = this.#core.ingress(count);
      this.#flush();
    } while (paused !== 0);
  }

  /** Hands what the core made to the kernel, and the results back. */
  #flush(): void {
    const sends = this.#state[abi.W_TX_COUNT >> 2];
    if (sends > 0) {
      this.#stats.add(abi.S_SENDS, sends);
      this.#stats.add(abi.S_SEND_CALLS, this.#sender.send());
      this.#stats.set(abi.S_GSO_OFF, this.#sender.gsoOff);
      if (this.#sender.pathMtuEvents.size > 0) this.#tellPathMtu();
    }
    if (this.#state[abi.W_WRITE_COUNT >> 2] > 0) this.#stats.add(abi.S_WRITES, this.#writer.write());
    this.#core.complete();
  }

  #tellPathMtu(): void {
    for (const vtep of this.#sender.pathMtuEvents) this.#core.tellPathMtu(vtep);
    this.#sender.pathMtuEvents.clear();
  }
}
