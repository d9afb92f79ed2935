// The portable backend's loop: node:dgram carries the datagrams, one at a time, without segmentation offload; TAPs are read and written as
// in the native loop, and epoll sleeps on a thread of libuv's pool. Same core, same descriptors, same books (breath.ts is the model). It is the
// fallback where recvmmsg or UDP_SEGMENT are not to be had, and the benchmarks' baseline. node:dgram does not tell the outer TOS of what
// comes in, so inner ECN stays as it is; the outer TOS and TTL that go out are the sockets' own.

import type { Socket } from "node:dgram";
import * as abi from "../../assembly/abi/index.ts";
import { workerBlock } from "../core/layout.ts";
import type { Core } from "../core/module.ts";
import { formatIp, parseIp } from "../model/ip.ts";
import { Epoll } from "../sys/epoll.ts";
import { EventFd } from "../sys/eventfd.ts";
import { Region } from "../sys/memory.ts";
import { READ_GONE, TapReader } from "../sys/tap-reader.ts";
import { TapWriter } from "../sys/tap-writer.ts";
import { type Datagram, Inbox, openOn, sendOne } from "./dgram-socket.ts";
import { OwnedPorts } from "./owned-ports.ts";
import { Stats } from "./stats.ts";
import type { WorkerTask } from "./task.ts";

const FOR_EVER = -1;

export class DgramBreath {
  readonly #task: WorkerTask;
  readonly #core: Core;
  readonly #block: number;
  readonly #words: Int32Array<ArrayBufferLike>;
  readonly #bytes: Uint8Array<ArrayBufferLike>;
  readonly #epoll = new Epoll();
  readonly #doorbell: EventFd;
  readonly #reader: TapReader;
  readonly #writer: TapWriter;
  readonly #ports: OwnedPorts;
  readonly #stats: Stats;
  #senders: Socket[] = [];
  #wake: () => void = () => {};
  /** The wait for TAPs that is under way, and what the last one found; -1 = that was looked at. */
  #poll: Promise<void> | null = null;
  #polled = -1;
  /** The generation whose ports #ports knows. */
  #seen = -1;

  constructor(task: WorkerTask, core: Core) {
    const region = new Region(task.memory);
    this.#task = task;
    this.#core = core;
    this.#block = workerBlock(task.memory, task.worker);
    this.#words = new Int32Array(task.memory.buffer);
    this.#bytes = new Uint8Array(task.memory.buffer);
    this.#doorbell = new EventFd(task.doorbell);
    this.#reader = new TapReader(region, this.#block);
    this.#writer = new TapWriter(region, this.#block, task.descriptors);
    this.#ports = new OwnedPorts(task.memory, task.worker, this.#epoll, task.descriptors);
    this.#stats = new Stats(task.memory, this.#block);
    this.#epoll.add(task.doorbell);
  }

  /** Breathes until H_STOP. Rejects with what the core throws. */
  async run(): Promise<void> {
    const { family, senders, receiver } = this.#task;
    const open: Socket[] = [];
    let inbox: Inbox | undefined;
    try {
      for (const fd of [...senders, receiver]) open.push(await openOn(fd, family));
      this.#senders = open.slice(0, senders.length);
      inbox = new Inbox(open[senders.length], () => this.#wake());
      await this.#loop(inbox);
    } finally {
      this.#core.rest();
      for (const socket of open) socket.close();
      inbox?.clear();
      this.#stats.add(abi.S_SOCKET_DROPS, inbox?.takeDropped() ?? 0);
      await this.#endPoll();
      this.#epoll.close();
    }
  }

  async #loop(inbox: Inbox): Promise<void> {
    this.#refresh();
    await this.#goOn();
    while (this.#core.rest() === 0) {
      if (this.#polled < 0) this.#poll ??= this.#startPoll();
      const datagrams = inbox.take(abi.RX_MAX);
      if (datagrams.length === 0 && this.#polled < 0) {
        await this.#sleep();
        continue;
      }
      this.#refresh();
      this.#stats.add(abi.S_BREATHS, 1);
      this.#stats.add(abi.S_SOCKET_DROPS, inbox.takeDropped());
      if (datagrams.length > 0) await this.#receive(datagrams);
      if (this.#polled >= 0) await this.#readPorts(this.#polled);
      this.#polled = -1;
    }
  }

  async #startPoll(): Promise<void> {
    this.#polled = await this.#epoll.waitAsync(FOR_EVER);
    this.#poll = null;
    this.#wake();
  }

  /** Gives the thread that waits back to libuv, which has few. The doorbell stays rung: a successor begins with a breath. */
  async #endPoll(): Promise<void> {
    if (this.#poll === null) return;
    this.#doorbell.signal();
    await this.#poll;
  }

  /** Until a datagram or a TAP wakes this worker. */
  async #sleep(): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await woken;
  }

  /** As in breath.ts. */
  #refresh(): void {
    const generation = this.#core.wake();
    if (generation === this.#seen) return;
    this.#ports.refresh();
    this.#seen = generation;
    Atomics.store(this.#words, (this.#block + abi.W_GENERATION) >> 2, generation);
  }

  /** As in breath.ts: what a trapped predecessor left behind. */
  async #goOn(): Promise<void> {
    const direction = this.#core.recover();
    const count = this.#words[(this.#block + abi.W_RX_COUNT) >> 2];
    if (direction === abi.DIRECTION_EGRESS) await this.#pass(() => this.#core.egress(count));
    else if (direction === abi.DIRECTION_INGRESS) await this.#pass(() => this.#core.ingress(count));
  }

  async #receive(datagrams: Datagram[]): Promise<void> {
    for (const [i, datagram] of datagrams.entries()) this.#describe(datagram, i);
    this.#stats.add(abi.S_RECEIVE_CALLS, datagrams.length);
    this.#stats.add(abi.S_DATAGRAMS, datagrams.length);
    this.#stats.batch(datagrams.length);
    await this.#pass(() => this.#core.ingress(datagrams.length));
  }

  /** Copies a datagram into RX buffer i and fills its descriptor. */
  #describe({ payload, from }: Datagram, i: number): void {
    const at = this.#block + abi.W_RX + i * abi.RX_BYTES;
    const buffer = this.#block + abi.W_RX_BUFFER + i * abi.RX_BUFFER_BYTES + abi.RX_UDP_HEADROOM;
    this.#words.fill(0, at >> 2, (at + abi.RX_BYTES) >> 2);
    this.#words[(at + abi.R_OFFSET) >> 2] = buffer;
    this.#words[(at + abi.R_LENGTH) >> 2] = payload.length;
    this.#bytes.set(payload, buffer);
    this.#bytes.set(parseIp(from.replace(/%.*/, "")), at + abi.R_SOURCE);
  }

  async #readPorts(ready: number): Promise<void> {
    for (let i = 0; i < ready; i++) {
      const fd = this.#epoll.ready[2 * i];
      if (fd === this.#doorbell.fd) {
        this.#doorbell.drain();
        // As in breath.ts: what rang since the last look is silenced too.
        this.#refresh();
      }
      const port = this.#ports.of(fd);
      if (port === 0) continue;
      const count = this.#reader.readBatch(fd, port, 0, abi.RX_MAX);
      if (count === READ_GONE) {
        this.#ports.drop(fd);
        this.#core.tellPortGone(port);
        continue;
      }
      this.#stats.add(abi.S_TAP_READ_CALLS, this.#reader.drained ? count + 1 : count);
      if (count > 0) {
        this.#stats.add(abi.S_TAP_READS, count);
        this.#stats.batch(count);
        await this.#pass(() => this.#core.egress(count));
      }
    }
  }

  /** One call of the core, as often as it pauses, each with its sends and writes. */
  async #pass(call: () => number): Promise<void> {
    let paused: number;
    do {
      paused = call();
      const sends = this.#words[(this.#block + abi.W_TX_COUNT) >> 2];
      for (let i = 0; i < sends; i++) await this.#send(this.#block + abi.W_TX + i * abi.TX_BYTES);
      this.#stats.add(abi.S_SENDS, sends);
      if (this.#words[(this.#block + abi.W_WRITE_COUNT) >> 2] > 0) this.#stats.add(abi.S_WRITES, this.#writer.write());
      this.#core.complete();
    } while (paused !== 0);
  }

  /** Sends each segment of a descriptor by itself, and writes what became of them. */
  async #send(at: number): Promise<void> {
    const field = (offset: number) => this.#words[(at + offset) >> 2];
    const vtep = this.#words[(abi.HEADER + abi.H_VTEP) >> 2] + field(abi.T_VTEP) * abi.VTEP_BYTES;
    const address = formatIp(this.#bytes, vtep + abi.V_ADDRESS);
    const end = field(abi.T_OFFSET) + field(abi.T_LENGTH);
    const sends: Promise<number>[] = [];
    for (let from = field(abi.T_OFFSET); from < end; from += field(abi.T_SEGMENT_BYTES)) {
      const payload = Uint8Array.from(this.#bytes.subarray(from, Math.min(from + field(abi.T_SEGMENT_BYTES), end)));
      sends.push(sendOne(this.#senders[field(abi.T_SOCKET)], payload, address, this.#words[(vtep + abi.V_PORT) >> 2]));
    }
    this.#stats.add(abi.S_SEND_CALLS, sends.length);
    const refused = (await Promise.all(sends)).filter((why) => why !== abi.DROP_NONE);
    this.#words[(at + abi.T_DROPPED) >> 2] = refused.length;
    this.#words[(at + abi.T_REASON) >> 2] = refused[0] ?? abi.DROP_NONE;
    if (refused.includes(abi.DROP_PKT_TOO_BIG)) this.#core.tellPathMtu(field(abi.T_VTEP));
  }
}
