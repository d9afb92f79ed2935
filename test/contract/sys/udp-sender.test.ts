import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as reason from "../../../assembly/abi/reason.ts";
import * as w from "../../../assembly/abi/worker.ts";
import { IPPROTO_UDP, SOL_SOCKET } from "../../../host/sys/constants.ts";
import { check } from "../../../host/sys/errno.ts";
import { closeFd } from "../../../host/sys/fd.ts";
import { setsockopt } from "../../../host/sys/libc.ts";
import { openReceiver } from "../../../host/sys/udp.ts";
import { UdpReceiver } from "../../../host/sys/udp-receiver.ts";
import { GSO_RETRY_TRAINS, UdpSender } from "../../../host/sys/udp-sender.ts";
import { LOOPBACK, Loopback } from "./loopback.ts";
import { pattern, type Send } from "./stage.ts";

const PORT = 17_893;
/** asm-generic/socket.h, linux/udp.h: send without checksums, which makes the kernel refuse UDP_SEGMENT with EINVAL or EIO (net/ipv4/udp.c). */
const NO_CHECKSUM = { 4: [SOL_SOCKET, 11], 6: [IPPROTO_UDP, 101] } as const;
const UDP_NO_CHECK6_RX = 102;
const OK = [0, reason.DROP_NONE];

describe.each([4, 6] as const)("IPv%i", (family) => {
  let link: Loopback;
  beforeEach(() => {
    link = new Loopback(family, PORT);
  });
  afterEach(() => link?.close());

  test("nothing to send takes no call", () => {
    link.stage.sends([]);
    expect(link.sender.send()).toBe(0);
  });

  test("one call for each run of one socket, in order", () => {
    const sockets = [0, 0, 1, 1, 1, 0, 3];
    link.stage.sends(sockets.map((socket, i) => ({ bytes: pattern(100 + i), socket })));
    expect(link.sender.send()).toBe(4);
    expect(link.stage.sent(7)).toEqual(Array(7).fill(OK));
    expect(link.receiveAll().map(({ length }) => length)).toEqual([100, 101, 102, 103, 104, 105, 106]);
  });

  test("full and empty batches of superframes", () => {
    const bytes = pattern(44 * 1450);
    link.stage.sends(Array.from({ length: 64 }, () => ({ bytes, segmentBytes: 1450 })));
    expect(link.sender.send()).toBe(1);
    expect(link.stage.sent(64)).toEqual(Array(64).fill(OK));
    const all = link.receiveAll();
    expect(all).toHaveLength(64);
    expect(all.every((got) => got.segmentBytes === 1450 && Buffer.compare(got.bytes, bytes) === 0)).toBe(true);
  });

  test("the kernel's limits: 64 segments, 65,507 bytes", () => {
    // One datagram must fit loopback's MTU of 65,536 (over IPv6: less 48); a send of several segments need not.
    const one = family === 4 ? 65_507 : 65_488;
    // From 65,536 bytes with all headers (gso_max_size) on, the kernel cuts the segments itself: they arrive one by one.
    const whole = family === 4 ? 65_493 : 65_473;
    link.stage.sends([
      { bytes: pattern(64 * 1000), segmentBytes: 1000 },
      { bytes: pattern(whole), segmentBytes: 1450 },
      { bytes: pattern(one) },
      { bytes: pattern(65_507), segmentBytes: 1450 },
    ]);
    link.sender.send();
    expect(link.stage.sent(4)).toEqual([OK, OK, OK, OK]);
    const lengths = link.receiveAll().map(({ length }) => length);
    expect(lengths.slice(0, 3)).toEqual([64_000, whole, one]);
    expect(lengths.slice(3).reduce((sum, length) => sum + length)).toBe(65_507);
  });

  test.each<[string, Partial<Send>, [field: number, value: number][], number]>([
    ["an offset before the arena", {}, [[w.T_OFFSET, 0]], 1],
    ["a negative offset", {}, [[w.T_OFFSET, -4096]], 1],
    [
      "a length beyond the arena",
      {},
      [
        [w.T_OFFSET, -100 + w.WORKER_BYTES],
        [w.T_LENGTH, 200],
      ],
      1,
    ],
    ["a negative length", {}, [[w.T_LENGTH, -1]], 1],
    ["an empty send", {}, [[w.T_LENGTH, 0]], 1],
    ["no segment", {}, [[w.T_SEGMENTS, 0]], 1],
    ["too many segments", {}, [[w.T_SEGMENTS, 65]], 64],
    ["segments that do not fill the length", { segmentBytes: 10 }, [[w.T_SEGMENTS, 9]], 9],
    ["more segments than the length has", { segmentBytes: 10 }, [[w.T_SEGMENTS, 11]], 11],
    ["segments without a size", { segments: 2 }, [[w.T_SEGMENT_BYTES, 0]], 2],
    ["a socket that there is not", {}, [[w.T_SOCKET, 4]], 1],
    ["a negative socket", {}, [[w.T_SOCKET, -1]], 1],
    ["a VTEP beyond the table", {}, [[w.T_VTEP, 4096]], 1],
    ["a TTL of 0", {}, [[w.T_TTL, 0]], 1],
    ["a TOS of more than a byte", {}, [[w.T_TOS, 256]], 1],
  ])("%s never reaches the kernel", (_, send, wrong, segments) => {
    link.stage.sends([{ bytes: pattern(30, 1) }, { bytes: pattern(100, 2), ...send }, { bytes: pattern(31, 3) }]);
    for (const [field, value] of wrong) {
      // Offsets are absolute; the large ones above are relative to the block.
      link.stage.set(link.stage.tx(1, field), field === w.T_OFFSET && value > 0 ? link.stage.at(value) : value);
    }
    link.sender.send();
    expect(link.stage.sent(3)).toEqual([OK, [segments, reason.DROP_CORE_TRAP], OK]);
    expect(link.receiveAll().map(({ length }) => length)).toEqual([30, 31]);
  });

  test("a count beyond the descriptors is cut", () => {
    link.stage.sends(Array.from({ length: 64 }, () => ({ bytes: pattern(20) })));
    link.stage.set(link.stage.at(w.W_TX_COUNT), 100_000);
    expect(link.sender.send()).toBe(1);
    link.stage.set(link.stage.at(w.W_TX_COUNT), -1);
    expect(link.sender.send()).toBe(0);
    expect(link.receiveAll()).toHaveLength(64);
  });

  test("a VTEP that is free, or of the other family, is no target", () => {
    link.stage.vtep(2, LOOPBACK[family === 4 ? 6 : 4], PORT);
    link.stage.sends([{ bytes: pattern(10), vtep: 2 }, { bytes: pattern(11), vtep: 3 }, { bytes: pattern(12) }]);
    link.sender.send();
    const dropped = [1, reason.DROP_NO_TX_TARGET];
    expect(link.stage.sent(3)).toEqual([dropped, dropped, OK]);
  });

  test("a VTEP that moved is found by the next generation", () => {
    link.stage.sends([{ bytes: pattern(10) }]);
    link.sender.send();
    expect(link.receiveAll()).toHaveLength(1);
    const fd = openReceiver({ address: LOOPBACK[family], port: PORT + 1, first: true });
    link.stage.vtep(1, LOOPBACK[family], PORT + 1);
    link.sender.send();
    expect(link.receiveAll()).toHaveLength(0);
    expect(new UdpReceiver(link.stage.region, link.stage.block, fd, family).receive()).toBe(1);
    closeFd(fd);
  });

  test("a socket that is refused UDP_SEGMENT goes on without, alone, in order and whole", () => {
    const [level, name] = NO_CHECKSUM[family];
    check(setsockopt(link.senderFds[1], level, name, Int32Array.of(1), 4), "setsockopt", "no checksum");
    if (family === 6) setsockopt(link.receiverFd, IPPROTO_UDP, UDP_NO_CHECK6_RX, Int32Array.of(1), 4);
    const superframe = pattern(9 * 1000 + 1);
    const list: Send[] = [
      { bytes: pattern(50), socket: 1 },
      { bytes: superframe, segmentBytes: 1000, socket: 1, tos: 4 },
      { bytes: pattern(51), socket: 1 },
      { bytes: superframe, segmentBytes: 1000, socket: 0 },
    ];
    for (let round = 0; round < 2; round++) {
      link.stage.sends(list);
      // First: 50 | superframe refused | its segments | 51 | other socket. Then it is known: 50 | segments | 51 | other socket.
      expect(link.sender.send()).toBe(round === 0 ? 5 : 4);
      expect(link.stage.sent(4)).toEqual(Array(4).fill(OK));
      expect(link.sender.gsoOff).toBe(1);
      const all = link.receiveAll();
      expect(all.map(({ length }) => length)).toEqual([50, ...Array(9).fill(1000), 1, 51, superframe.length]);
      expect(Buffer.compare(Buffer.concat(all.slice(1, 11).map(({ bytes }) => bytes)), superframe)).toBe(0);
      expect(all[1].tos).toBe(4);
    }
  });

  test("is tried again after a while, and keeps it once the kernel takes it", () => {
    const [level, name] = NO_CHECKSUM[family];
    const refuse = (on: number) => check(setsockopt(link.senderFds[1], level, name, Int32Array.of(on), 4), "setsockopt", "no checksum");
    if (family === 6) setsockopt(link.receiverFd, IPPROTO_UDP, UDP_NO_CHECK6_RX, Int32Array.of(1), 4);
    const sendTrain = () => {
      link.stage.sends([{ bytes: pattern(25), segmentBytes: 10, socket: 1 }]);
      const calls = link.sender.send();
      expect(link.stage.sent(1)).toEqual([OK]);
      expect(Buffer.concat(link.receiveAll().map(({ bytes }) => bytes))).toEqual(Buffer.from(pattern(25)));
      return calls;
    };
    refuse(1);
    const calls = Array.from({ length: 2 * GSO_RETRY_TRAINS + 1 }, sendTrain);
    // Two calls where it was tried: the refused one, and that of the segments.
    expect(calls.flatMap((count, i) => (count === 2 ? [i] : []))).toEqual([0, GSO_RETRY_TRAINS, 2 * GSO_RETRY_TRAINS]);
    expect(link.sender.gsoOff).toBe(1);
    refuse(0);
    for (let i = 0; i < GSO_RETRY_TRAINS; i++) expect(sendTrain()).toBe(1);
    expect(link.sender.gsoOff).toBe(0);
  });

  test("what no socket can send is dropped with its reason, and the rest goes", () => {
    const sender = new UdpSender(link.stage.region, link.stage.block, [link.senderFds[0], -1], family);
    link.stage.sends([
      { bytes: pattern(10), socket: 0 },
      { bytes: pattern(90), segmentBytes: 10, socket: 1 },
      { bytes: pattern(12), socket: 0 },
    ]);
    expect(sender.send()).toBe(3);
    expect(link.stage.sent(3)).toEqual([OK, [9, reason.DROP_TX_ERROR], OK]);
  });
});

test("a block outside the memory is refused", () => {
  const link = new Loopback(4, PORT);
  const { region } = link.stage;
  expect(() => new UdpSender(region, region.size - 4096, link.senderFds, 4)).toThrow("outside the memory");
  link.close();
});
