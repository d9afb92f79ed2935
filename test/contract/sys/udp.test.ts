import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { IPPROTO_UDP } from "../../../host/sys/constants.ts";
import { closeFd } from "../../../host/sys/fd.ts";
import { read, sendto, setsockopt } from "../../../host/sys/libc.ts";
import { Scratch } from "../../../host/sys/memory.ts";
import { type Family, sockaddr } from "../../../host/sys/sockaddr.ts";
import {
  localPort,
  openLoopbackPair,
  openReceiver,
  openSender,
  pathMtu,
  SOURCE_PORT_MIN,
  sendOn,
  socketDrops,
} from "../../../host/sys/udp.ts";

const PORT = 17_891;
/** linux/udp.h; nothing of ours sends so. */
const UDP_NO_CHECK6_TX = 101;
const fds: number[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const fd of fds.splice(0)) closeFd(fd);
  for (const socket of sockets.splice(0)) socket.close();
});

function receiver(address: string, first: boolean): number {
  const fd = openReceiver({ address, port: PORT, first });
  fds.push(fd);
  return fd;
}

/** Local ports of this address's UDP sockets, by /proc/net/udp. */
function localPorts(family: Family): number[] {
  const rows = readFileSync(family === 4 ? "/proc/net/udp" : "/proc/net/udp6", "utf8")
    .trim()
    .split("\n")
    .slice(1);
  return rows.map((row) => Number.parseInt(row.trim().split(/\s+/)[1].split(":")[1], 16));
}

describe.each([
  [4, "127.0.0.1"],
  [6, "::1"],
] as const)("IPv%i", (family, address) => {
  const name = family === 4 ? address : `[${address}]`;

  test("further receivers join the first; a second agent is refused", () => {
    receiver(address, true);
    expect(() => receiver(address, true)).toThrow(`bind ${name}:${PORT}: Address already in use (EADDRINUSE)`);
    receiver(address, false);
    receiver(address, false);
    expect(localPorts(family).filter((port) => port === PORT)).toHaveLength(3);
    expect(() => receiver(address, true)).toThrow("EADDRINUSE");
  });

  test("the first is refused where another program holds the port", async () => {
    const other = createSocket({ type: family === 4 ? "udp4" : "udp6", reusePort: true });
    sockets.push(other);
    other.bind(PORT, address);
    await once(other, "listening");
    expect(() => receiver(address, true)).toThrow("EADDRINUSE");
  });

  test("a sender has a port of RFC 7348's range, above the ephemeral ones, and takes nothing in", async () => {
    const before = localPorts(family);
    const fd = openSender({ address });
    fds.push(fd);
    const [port] = localPorts(family).filter((candidate) => !before.includes(candidate));
    expect(port).toBeGreaterThanOrEqual(SOURCE_PORT_MIN);
    const other = createSocket(family === 4 ? "udp4" : "udp6");
    sockets.push(other);
    await new Promise((resolve) => other.send(Buffer.alloc(100), port, address, resolve));
    expect(socketDrops(fd)).toBe(1);
  });

  test("the path MTU of loopback", () => {
    expect(pathMtu(address, address, PORT)).toBe(family === 4 ? 65_535 : 65_536);
  });
});

test.each([true, false])("over IPv6, a checksum of zero is taken when asked for (%s), and only then", (zeroChecksum6) => {
  const fd = openReceiver({ address: "::1", port: PORT, first: true, zeroChecksum6 });
  const sender = openSender({ address: "::1" });
  fds.push(fd, sender);
  const to = sockaddr(6, "::1", PORT);
  const send = (bytes: number) => expect(sendto(sender, new Uint8Array(bytes), bytes, 0, to, to.length)).toBe(bytes);
  expect(setsockopt(sender, IPPROTO_UDP, UDP_NO_CHECK6_TX, Int32Array.of(1), 4)).toBe(0);
  send(10);
  expect(setsockopt(sender, IPPROTO_UDP, UDP_NO_CHECK6_TX, Int32Array.of(0), 4)).toBe(0);
  send(20);
  const scratch = new Scratch(64);
  const received = [0, 1].map(() => read(fd, scratch.base, 64));
  expect(received).toEqual(zeroChecksum6 ? [10, 20] : [20, -1]);
});

test("an address that is not this host's", () => {
  expect(() => receiver("192.0.2.1", true)).toThrow(`bind 192.0.2.1:${PORT}: Cannot assign requested address (EADDRNOTAVAIL)`);
  expect(() => openSender({ address: "192.0.2.1" })).toThrow("EADDRNOTAVAIL");
  expect(() => pathMtu("127.0.0.1", "255.255.255.255", PORT)).toThrow("connect 255.255.255.255:17891: Permission denied (EACCES)");
});

test("nothing stays open after a failure", () => {
  const open = () => localPorts(4).length;
  const before = open();
  for (let i = 0; i < 10; i++) expect(() => openSender({ address: "192.0.2.1" })).toThrow();
  expect(open()).toBe(before);
});

test("two sockets of the loopback speak with each other alone", async () => {
  const pair = openLoopbackPair();
  fds.push(...pair);
  const stranger = createSocket("udp4");
  sockets.push(stranger);
  for (const fd of pair) await new Promise((sent) => stranger.send("not you", localPort(fd), "127.0.0.1", sent));
  const buffer = new Scratch(64);
  const datagram = Buffer.from("hello");
  for (const [from, to] of [pair, pair.toReversed()]) {
    expect(sendOn(from, datagram)).toBe(true);
    expect([read(to, buffer.base, 64), read(to, buffer.base, 64)]).toEqual([5, -1]);
    expect(Buffer.from(buffer.bytes.buffer, 0, 5).toString()).toBe("hello");
  }
  closeFd(fds.pop() as number);
  // The kernel says with the next that there was nobody for the first.
  expect([sendOn(pair[0], datagram), sendOn(pair[0], datagram)]).toEqual([true, false]);
});
