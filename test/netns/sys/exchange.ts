// Two containers whose interfaces are TAPs, and what carries frames between them: each frame read from one is written to the other with the
// virtio-net header that it came with, as a switch would.

import { VNET_HEADER_BYTES } from "../../../host/sys/constants.ts";
import { Epoll } from "../../../host/sys/epoll.ts";
import { closeFd } from "../../../host/sys/fd.ts";
import { openTapIn } from "../../../host/sys/netns-thread.ts";
import { READ_GONE, TapReader } from "../../../host/sys/tap-reader.ts";
import { TapWriter } from "../../../host/sys/tap-writer.ts";
import { ipBatch } from "../../../lab/command.ts";
import type { Lab } from "../../../lab/lab.ts";
import { Stage } from "../../contract/sys/stage.ts";

const BATCH = 16;
const FRAME_BYTES = 1514;

export class Exchange {
  readonly stage = new Stage();
  readonly reader = new TapReader(this.stage.region, this.stage.block);
  readonly writer = new TapWriter(this.stage.region, this.stage.block, this.stage.descriptors);
  /** Frames carried, superframes among them, the longest, and writes that were refused, by reason. */
  frames = 0;
  superframes = 0;
  longest = 0;
  readonly refused = new Map<number, number>();
  readonly fds: number[] = [];
  readonly netns: string[] = [];
  readonly #epoll = new Epoll();
  #stop = false;
  #running: Promise<void> | undefined;

  static async open(lab: Lab): Promise<Exchange> {
    const exchange = new Exchange();
    for (const [i, name] of ["left", "right"].entries()) {
      const netns = await lab.namespace(name);
      const { fd } = await openTapIn(`/run/netns/${netns}`, "eth0");
      exchange.netns.push(netns);
      exchange.fds.push(fd);
      exchange.#epoll.add(fd);
      exchange.stage.port(1 + i, fd);
      const lines = [`link set eth0 address 02:00:00:00:00:0${1 + i}`, `address add 10.5.0.${1 + i}/24 dev eth0`];
      await ipBatch([...lines, `address add fd05::${1 + i}/64 dev eth0 nodad`, "link set eth0 up"], netns);
    }
    return exchange;
  }

  /** Carries frames until stop(). `pieces`: how many a frame is cut into for the write. */
  start(pieces: number): void {
    this.#running = this.#run(pieces);
  }

  async stop(): Promise<void> {
    this.#stop = true;
    await this.#running;
    this.#stop = false;
  }

  async close(): Promise<void> {
    await this.stop();
    for (const fd of this.fds) closeFd(fd);
    this.#epoll.close();
  }

  async #run(pieces: number): Promise<void> {
    while (!this.#stop) {
      const ready = this.#epoll.wait(1);
      for (let i = 0; i < ready; i++) this.#carry(this.fds.indexOf(this.#epoll.ready[2 * i]), pieces);
      // Programs of the lab talk to this process, too.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #carry(from: number, pieces: number): void {
    const count = this.reader.readBatch(this.fds[from], 1 + from, 0, BATCH);
    if (count === READ_GONE) throw new Error(`TAP ${from} is gone: errno ${this.reader.lastErrno}`);
    const list = Array.from({ length: count }, (_, i) => {
      const { offset, length } = this.stage.received(i);
      this.frames++;
      if (length > FRAME_BYTES + VNET_HEADER_BYTES) this.superframes++;
      this.longest = Math.max(this.longest, length);
      return { port: 2 - from, pieces: cut(offset, length, pieces) };
    });
    this.stage.writes(list);
    this.writer.write();
    for (let i = 0; i < count; i++) {
      const reason = this.stage.written(i);
      if (reason !== 0) this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
    }
  }
}

function cut(offset: number, length: number, pieces: number) {
  const size = Math.ceil(length / pieces);
  const list: { offset: number; length: number }[] = [];
  for (let at = 0; at < length; at += size) list.push({ offset: offset + at, length: Math.min(size, length - at) });
  return list;
}
