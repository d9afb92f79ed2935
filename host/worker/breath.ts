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
import { Hunch } from "./hunch.ts";
import { OwnedPorts } from "./owned-ports.ts";
import { Spin } from "./spin.ts";
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
  /** That a TAP had but one frame: then there is no need to read once more and be told EAGAIN. */
  readonly #loneFrames = new Hunch();
  /** That there is but one datagram: then the kernel need not look for a second. */
  readonly #loneDatagrams = new Hunch();
  /** That a delivery was answered at once: then there is no need to sleep in between. */
  readonly #answers = new Hunch();
  readonly #spin: Spin;
  /** The generation whose ports #ports knows. */
  #seen = -1;

  /** `core` is attached to this worker's block. Throws SysError (EMFILE). */
  constructor(task: WorkerTask, core: Core) {
    const block = workerBlock(task.memory, task.worker);
    const region = new Region(task.memory);
    this.#core = core;
    this.#state = new Int32Array(task.memory.buffer, block);
    this.#doorbell = new EventFd(task.doorbell);
    this.#receiverFd = task.receiver;
    this.#receiver = new UdpReceiver(region, block, task.receiver, task.family);
    this.#sender = new UdpSender(region, block, task.senders, task.family, task.tunnelTap);
    this.#reader = new TapReader(region, block);
    this.#writer = new TapWriter(region, block, task.descriptors);
    this.#ports = new OwnedPorts(task.memory, task.worker, this.#epoll, task.descriptors);
    this.#stats = new Stats(task.memory, block);
    this.#spin = new Spin(task.spinMicroseconds);
    this.#epoll.add(task.doorbell);
    this.#epoll.add(task.receiver);
  }

  /** Breathes until H_STOP. Throws what the core throws: the pool replaces this worker then. */
  run(): void {
    try {
      this.#refresh();
      this.#goOn();
      while (this.#core.rest() === 0) this.#breathe();
    } finally {
      this.#core.rest();
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

  /** The top of a breath: follows what changed, and says so only then (host/core/grace.ts). */
  #refresh(): void {
    const generation = this.#core.wake();
    if (generation === this.#seen) return;
    this.#ports.refresh();
    this.#seen = generation;
    Atomics.store(this.#state, abi.W_GENERATION >> 2, generation);
  }

  #breathe(): void {
    const ready = this.#spin.isOff ? this.#epoll.wait(FOR_EVER) : this.#spinThenSleep();
    this.#refresh();
    this.#stats.add(abi.S_BREATHS, 1);
    let waiting = 0;
    for (let i = 0; i < ready; i++) {
      const fd = this.#epoll.ready[2 * i];
      if (fd === this.#receiverFd) this.#receive();
      else if (fd === this.#doorbell.fd) this.#answer();
      else waiting++;
    }
    if (waiting > 0) this.#readPorts(ready);
  }

  #spinThenSleep(): number {
    const until = performance.now() + this.#spin.budgetMs;
    while (performance.now() < until) {
      const ready = this.#epoll.wait(0);
      if (ready > 0) return ready;
    }
    const began = performance.now();
    const ready = this.#epoll.wait(FOR_EVER);
    this.#spin.slept(performance.now() - began);
    return ready;
  }

  /** What rang while this breath began is silenced with the rest: so it is looked for once more. */
  #answer(): void {
    this.#doorbell.drain();
    this.#refresh();
  }

  #receive(): void {
    for (let round = 0; round < RECEIVES_MAX; round++) {
      const batch = this.#loneDatagrams.act() ? 1 : RECEIVE_BATCH;
      const count = this.#receiver.receive(batch);
      this.#stats.add(abi.S_RECEIVE_CALLS, 1);
      if (count === 0) break;
      this.#stats.add(abi.S_DATAGRAMS, count);
      this.#stats.batch(count);
      this.#ingress(count);
      if (count === 1 && batch > 1 && round === 0) this.#loneDatagrams.held();
      if (count < RECEIVE_BATCH) break;
    }
    this.#stats.set(abi.S_SOCKET_DROPS, this.#receiver.kernelDrops);
    this.#readReply();
  }

  /** A delivery is often answered before write(2) returns: by an echo reply, by an acknowledgement. Then the answer leaves in this breath. */
  #readReply(): void {
    const port = this.#writer.lastPort;
    this.#writer.lastPort = 0;
    const fd = port === 0 ? -1 : this.#ports.fdOf(port);
    if (fd === -1 || !this.#answers.act()) return;
    const count = this.#readPort(fd, port, 0);
    if (count === 0) return;
    this.#answers.held();
    this.#egress(count);
  }

  /** Frames of all ready ports share batches, and so sends. */
  #readPorts(ready: number): void {
    let count = 0;
    for (let i = 0; i < ready; i++) {
      const fd = this.#epoll.ready[2 * i];
      const port = this.#ports.of(fd);
      if (port !== 0) count = this.#readPort(fd, port, count);
    }
    if (count > 0) this.#egress(count);
  }

  /** Reads a port's frames behind the first `count` of the batch, and sends batches that are full. Gives how many the batch has then. */
  #readPort(fd: number, port: number, count: number): number {
    const alone = this.#loneFrames.act();
    for (let round = 0; round < READS_MAX; round++) {
      const room = alone ? 1 : abi.RX_MAX - count;
      const read = this.#reader.readBatch(fd, port, count, room, READ_BYTES_MAX);
      if (read === READ_GONE) {
        this.#ports.drop(fd);
        this.#core.tellPortGone(port);
        break;
      }
      this.#stats.add(abi.S_TAP_READ_CALLS, this.#reader.drained ? read + 1 : read);
      count += read;
      if (this.#reader.drained) {
        if (read === 1 && round === 0) this.#loneFrames.held();
        break;
      }
      // If there is more, epoll tells.
      if (alone) break;
      this.#egress(count);
      count = 0;
    }
    return count;
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
