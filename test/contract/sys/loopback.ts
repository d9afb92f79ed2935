// Receiving and sending sockets of one family on loopback, with their classes, over one stage.

import { closeFd } from "../../../host/sys/fd.ts";
import { openReceiver, openSender } from "../../../host/sys/udp.ts";
import { UdpReceiver } from "../../../host/sys/udp-receiver.ts";
import { UdpSender } from "../../../host/sys/udp-sender.ts";
import { Stage } from "./stage.ts";

export const LOOPBACK = { 4: "127.0.0.1", 6: "::1" } as const;
const SENDERS = 4;

export class Loopback {
  readonly stage = new Stage();
  readonly receiverFd: number;
  readonly senderFds: number[];
  readonly receiver: UdpReceiver;
  readonly sender: UdpSender;

  /** VTEP 1 of the stage is the receiver. */
  constructor(family: 4 | 6, port: number, options: { gro?: boolean } = {}) {
    const address = LOOPBACK[family];
    this.receiverFd = openReceiver({ address, port, first: true, ...options });
    this.senderFds = Array.from({ length: SENDERS }, () => openSender({ address }));
    this.receiver = new UdpReceiver(this.stage.region, this.stage.block, this.receiverFd, family);
    this.sender = new UdpSender(this.stage.region, this.stage.block, this.senderFds, family);
    this.stage.vtep(1, address, port);
  }

  /** Receives until there is nothing; gives all descriptors. */
  receiveAll(max?: number) {
    const all: ReturnType<Stage["received"]>[] = [];
    for (let count = this.receiver.receive(max); count > 0; count = this.receiver.receive(max)) {
      for (let i = 0; i < count; i++) all.push(this.stage.received(i));
    }
    return all;
  }

  close(): void {
    for (const fd of [this.receiverFd, ...this.senderFds]) closeFd(fd);
  }
}
