import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RX_BUFFER_BYTES, RX_UDP_HEADROOM } from "../../../assembly/abi/limits.ts";
import { W_RX_BUFFER } from "../../../assembly/abi/worker.ts";
import { SO_RCVBUF, SOL_SOCKET } from "../../../host/sys/constants.ts";
import { setsockopt } from "../../../host/sys/libc.ts";
import { socketDrops } from "../../../host/sys/udp.ts";
import { UdpReceiver } from "../../../host/sys/udp-receiver.ts";
import { LOOPBACK, Loopback } from "./loopback.ts";
import { pattern } from "./stage.ts";

const PORT = 17_892;

describe.each([4, 6] as const)("IPv%i", (family) => {
  let link: Loopback;
  beforeEach(() => {
    link = new Loopback(family, PORT);
  });
  afterEach(() => link?.close());

  test("an empty socket gives 0, and is no error", () => {
    expect(link.receiver.receive()).toBe(0);
    expect(link.receiver.errors).toBe(0);
  });

  test("each datagram is in a buffer of its own, with source, TOS and length", () => {
    const datagrams = [pattern(1, 1), pattern(50, 2), pattern(1472, 3), pattern(65_000, 4)];
    link.stage.sends(datagrams.map((bytes, i) => ({ bytes, tos: [0, 0x28, 0xff, 1][i], ttl: 33 })));
    link.sender.send();
    expect(link.receiver.receive()).toBe(4);
    for (const [i, bytes] of datagrams.entries()) {
      const got = link.stage.received(i);
      expect(got).toMatchObject({ length: bytes.length, port: 0, segmentBytes: 0, tos: [0, 0x28, 0xff, 1][i], truncated: 0 });
      expect(got.source).toBe(LOOPBACK[family]);
      expect(got.offset).toBe(link.stage.at(W_RX_BUFFER + i * RX_BUFFER_BYTES + RX_UDP_HEADROOM));
      expect(Buffer.compare(got.bytes, bytes)).toBe(0);
    }
    expect(link.receiver.receive()).toBe(0);
  });

  test("a merged datagram says its segment size; one that follows does not inherit it", () => {
    const bytes = pattern(44 * 1450 - 7);
    link.stage.sends([{ bytes, segmentBytes: 1450, tos: 2 }]);
    link.sender.send();
    expect(link.receiver.receive()).toBe(1);
    expect(link.stage.received(0)).toMatchObject({ length: bytes.length, segmentBytes: 1450, tos: 2 });
    expect(Buffer.compare(link.stage.received(0).bytes, bytes)).toBe(0);
    link.stage.sends([{ bytes: pattern(10) }]);
    link.sender.send();
    expect(link.receiver.receive()).toBe(1);
    expect(link.stage.received(0)).toMatchObject({ length: 10, segmentBytes: 0, tos: 0 });
  });

  test("takes at most what it was asked for, and 64 in any case", () => {
    link.stage.sends(Array.from({ length: 64 }, (_, i) => ({ bytes: pattern(20, i) })));
    link.sender.send();
    link.sender.send();
    expect(link.receiver.receive(3)).toBe(3);
    expect(link.receiver.receive()).toBe(8);
    expect(link.receiver.receive(1000)).toBe(64);
    expect(link.receiver.receive(1000)).toBe(128 - 3 - 8 - 64);
  });

  test("what the kernel dropped is told with the next datagram", () => {
    setsockopt(link.receiverFd, SOL_SOCKET, SO_RCVBUF, Int32Array.of(20_000), 4);
    link.stage.sends(Array.from({ length: 64 }, (_, i) => ({ bytes: pattern(1000, i) })));
    let sent = 0;
    let received = 0;
    for (let round = 0; round < 3; round++) {
      link.sender.send();
      sent += 64;
      expect(socketDrops(link.receiverFd)).toBeGreaterThan(0);
      received += link.receiveAll().length;
    }
    link.stage.sends([{ bytes: pattern(1) }]);
    link.sender.send();
    received += link.receiveAll().length;
    expect(link.receiver.kernelDrops).toBe(sent + 1 - received);
    expect(link.receiver.kernelDrops).toBe(socketDrops(link.receiverFd));
  });

  test("an fd that is no socket is counted, not thrown", () => {
    const receiver = new UdpReceiver(link.stage.region, link.stage.block, -1, family);
    expect(receiver.receive()).toBe(0);
    expect(receiver).toMatchObject({ errors: 1, lastErrno: 9 });
  });
});

test("without UDP_GRO, segments come one by one", () => {
  const link = new Loopback(4, PORT, { gro: false });
  link.stage.sends([{ bytes: pattern(10 * 500 - 100), segmentBytes: 500 }]);
  link.sender.send();
  const lengths = link.receiveAll().map(({ length }) => length);
  expect(lengths).toEqual([...Array(9).fill(500), 400]);
  link.close();
});

test("a block outside the memory is refused", () => {
  const link = new Loopback(4, PORT);
  const { region } = link.stage;
  expect(() => new UdpReceiver(region, region.size - 4096, link.receiverFd, 4)).toThrow("outside the memory");
  link.close();
});
