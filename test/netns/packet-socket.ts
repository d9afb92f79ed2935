// A packet socket (packet(7)) on a container's eth0, used from this process: frames go past the container's own stack, of one Ethertype only, so
// that a test sees the frames that it made and no others. A thread that enters the namespace opens it.

import { Worker } from "node:worker_threads";
import { check } from "../../host/sys/errno.ts";
import { closeFd } from "../../host/sys/fd.ts";
import { read, setsockopt, write } from "../../host/sys/libc.ts";
import { Scratch } from "../../host/sys/memory.ts";
import { run } from "../../lab/command.ts";
import { eventually } from "../../lab/wait.ts";

const BYTES_MAX = 65_536;
/** linux/socket.h, linux/if_packet.h. */
const SOL_PACKET = 263;
const PACKET_VNET_HDR = 15;

export class PacketSocket {
  readonly #fd: number;
  readonly #buffer = new Scratch(BYTES_MAX);

  private constructor(fd: number) {
    this.#fd = fd;
  }

  static async open(netns: string, etherType: number): Promise<PacketSocket> {
    const [link] = JSON.parse(await run(["ip", "-json", "-n", netns, "link", "show", "dev", "eth0"])) as { ifindex: number }[];
    const workerData = { netns: `/run/netns/${netns}`, etherType, ifindex: link.ifindex };
    const thread = new Worker(new URL("./packet-socket-thread.ts", import.meta.url), { workerData, execArgv: [] });
    const fd = await new Promise<number>((resolve, reject) => thread.once("message", resolve).once("error", reject));
    await thread.terminate();
    return new PacketSocket(fd);
  }

  /** From now on each frame has a virtio-net header of 10 bytes in front of it. */
  withVnetHeader(): void {
    check(setsockopt(this.#fd, SOL_PACKET, PACKET_VNET_HDR, Int32Array.of(1), 4), "setsockopt", "PACKET_VNET_HDR");
  }

  /** Whether the kernel takes the frame: it refuses some lies itself, and there may be no room. */
  offer(frame: Uint8Array): boolean {
    this.#buffer.bytes.set(frame);
    return write(this.#fd, this.#buffer.base, frame.length) === frame.length;
  }

  send(frame: Uint8Array): void {
    this.#buffer.bytes.set(frame);
    const sent = write(this.#fd, this.#buffer.base, frame.length);
    if (sent !== frame.length) throw new Error(`packet socket: ${sent} of ${frame.length} bytes went`);
  }

  /** What has come so far. */
  take(): Buffer[] {
    const frames: Buffer[] = [];
    for (let bytes = this.#read(); bytes > 0; bytes = this.#read()) frames.push(Buffer.from(this.#buffer.bytes.subarray(0, bytes)));
    return frames;
  }

  /** Waits until `count` frames have come. */
  async receive(count: number): Promise<Buffer[]> {
    const frames: Buffer[] = [];
    await eventually(`${count} frames at a packet socket`, () => frames.push(...this.take()) >= count);
    return frames;
  }

  close(): void {
    closeFd(this.#fd);
  }

  #read(): number {
    return read(this.#fd, this.#buffer.base, BYTES_MAX);
  }
}
