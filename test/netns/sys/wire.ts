// Two namespaces on a veth of MTU 1500, with a receiver in one and senders in the other, over IPv4 and IPv6.

import { closeFd } from "../../../host/sys/fd.ts";
import { UdpReceiver } from "../../../host/sys/udp-receiver.ts";
import { UdpSender } from "../../../host/sys/udp-sender.ts";
import { ipBatch, run } from "../../../lab/command.ts";
import type { Lab } from "../../../lab/lab.ts";
import { eventually } from "../../../lab/wait.ts";
import { Stage } from "../../contract/sys/stage.ts";
import { Place } from "./place.ts";

export const ADDRESSES = { 4: { near: "10.99.0.1", far: "10.99.0.2" }, 6: { near: "fd99::1", far: "fd99::2" } } as const;
export const PORT = 4789;

export interface Wire {
  near: string;
  far: string;
}

export async function makeWire(lab: Lab): Promise<Wire> {
  const near = await lab.namespace("near");
  const far = await lab.namespace("far");
  await run(["ip", "link", "add", "wire", "netns", near, "type", "veth", "peer", "name", "wire", "netns", far]);
  for (const [netns, end] of [
    [near, "near"],
    [far, "far"],
  ] as const) {
    const add = [4, 6].map(
      (family) => `address add ${ADDRESSES[family as 4 | 6][end]}/${family === 4 ? 24 : 64} dev wire${family === 6 ? " nodad" : ""}`,
    );
    await ipBatch([...add, "link set wire up"], netns);
  }
  await eventually("IPv6 on the wire", () => run(["ping", "-6", "-c1", "-W1", ADDRESSES[6].far], { netns: near }));
  return { near, far };
}

/** Sockets and classes at both ends; VTEP 1 is the far end. */
export class Ends {
  readonly stage = new Stage();
  readonly place: Place;
  receiverFd = -1;
  senderFd = -1;
  receiver!: UdpReceiver;
  sender!: UdpSender;

  private constructor(wire: Wire) {
    this.place = new Place(wire.near);
  }

  static async open(wire: Wire, family: 4 | 6): Promise<Ends> {
    const ends = new Ends(wire);
    const far = new Place(wire.far);
    ends.receiverFd = await far.call("openReceiver", { address: ADDRESSES[family].far, port: PORT, first: true });
    await far.close();
    ends.senderFd = await ends.place.call("openSender", { address: ADDRESSES[family].near });
    ends.receiver = new UdpReceiver(ends.stage.region, ends.stage.block, ends.receiverFd, family);
    ends.sender = new UdpSender(ends.stage.region, ends.stage.block, [ends.senderFd], family);
    ends.stage.vtep(1, ADDRESSES[family].far, PORT);
    return ends;
  }

  /** Receives until `count` wire frames are there; a merged datagram is several. */
  async receive(frames: number) {
    const all: ReturnType<Stage["received"]>[] = [];
    await eventually(`${frames} frames`, () => {
      for (let count = this.receiver.receive(); count > 0; count = this.receiver.receive()) {
        for (let i = 0; i < count; i++) all.push(this.stage.received(i));
      }
      const sum = all.reduce((total, got) => total + (got.segmentBytes === 0 ? 1 : Math.ceil(got.length / got.segmentBytes)), 0);
      return sum >= frames;
    });
    return all;
  }

  async close(): Promise<void> {
    await this.place.close();
    for (const fd of [this.receiverFd, this.senderFd]) if (fd !== -1) closeFd(fd);
  }
}
