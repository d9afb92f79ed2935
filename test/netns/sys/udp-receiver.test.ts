// What only a wire shows: several receivers on one port, and a second agent in the same namespace.

import { afterAll, beforeAll, expect, test } from "vitest";
import { closeFd } from "../../../host/sys/fd.ts";
import { UdpReceiver } from "../../../host/sys/udp-receiver.ts";
import { UdpSender } from "../../../host/sys/udp-sender.ts";
import { Lab } from "../../../lab/lab.ts";
import { checksumErrors } from "../../../lab/snmp.ts";
import { eventually } from "../../../lab/wait.ts";
import { pattern, Stage } from "../../contract/sys/stage.ts";
import { describeNetns } from "../needs.ts";
import { Place } from "./place.ts";
import { ADDRESSES, makeWire, PORT, type Wire } from "./wire.ts";

describeNetns("UdpReceiver over a veth", [], () => {
  let lab: Lab;
  let wire: Wire;
  beforeAll(async () => {
    lab = await Lab.open();
    wire = await makeWire(lab);
  });
  afterAll(() => lab?.close());

  test.each([4, 6] as const)("IPv%i: workers share a port by flow, and every frame is somewhere", async (family) => {
    const { near, far } = ADDRESSES[family];
    const [here, there] = [new Place(wire.near), new Place(wire.far)];
    const fds: number[] = [];
    const open = async (fd: Promise<number>) => fds[fds.push(await fd) - 1];
    const options = { address: far, port: PORT };
    const receiverFds = [await open(there.call("openReceiver", { ...options, first: true }))];
    for (let i = 1; i < 3; i++) receiverFds.push(await open(there.call("openReceiver", { ...options, first: false })));
    // Another agent, in the same namespace, is refused; in another one it is not.
    await expect(there.call("openReceiver", { ...options, first: true })).rejects.toThrow("Address already in use (EADDRINUSE)");
    await open(here.call("openReceiver", { address: near, port: PORT, first: true }));

    const senderFds: number[] = [];
    for (let i = 0; i < 16; i++) senderFds.push(await open(here.call("openSender", { address: near })));
    const stages = receiverFds.map(() => new Stage());
    const receivers = receiverFds.map((fd, i) => new UdpReceiver(stages[i].region, stages[i].block, fd, family));
    const sending = new Stage();
    sending.vtep(1, far, PORT);
    const sender = new UdpSender(sending.region, sending.block, senderFds, family);

    const seen = new Map<number, Set<number>>();
    let frames = 0;
    for (let round = 0; round < 4; round++) {
      // The first byte tells the flow: one socket each.
      sending.sends(
        Array.from({ length: 64 }, (_, i) => ({ bytes: pattern(2000).fill(i % 16, 0, 1), socket: i % 16, segmentBytes: 1000 })),
      );
      sender.send();
      expect(sending.sent(64).every(([dropped]) => dropped === 0)).toBe(true);
      const wanted = 128 * (round + 1);
      await eventually(`${wanted} frames`, () => {
        for (const [i, receiver] of receivers.entries()) {
          for (let count = receiver.receive(); count > 0; count = receiver.receive()) {
            for (let k = 0; k < count; k++) {
              const got = stages[i].received(k);
              frames += got.segmentBytes === 0 ? 1 : Math.ceil(got.length / got.segmentBytes);
              seen.set(got.bytes[0], (seen.get(got.bytes[0]) ?? new Set()).add(i));
            }
          }
        }
        return frames >= wanted;
      });
    }
    expect(frames).toBe(512);
    for (let flow = 0; flow < 16; flow++) expect(seen.get(flow)?.size).toBe(1);
    expect(receivers.every(({ kernelDrops, errors }) => kernelDrops === 0 && errors === 0)).toBe(true);
    expect(await checksumErrors(wire.far)).toBe(0);
    for (const fd of fds) closeFd(fd);
    await Promise.all([here.close(), there.close()]);
  });
});
