import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { closeFd } from "../../../host/sys/fd.ts";
import type { Family } from "../../../host/sys/sockaddr.ts";
import { openReceiver, openSender, pathMtu, SOURCE_PORT_MIN, socketDrops } from "../../../host/sys/udp.ts";

const PORT = 47_891;
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

test("an address that is not this host's", () => {
  expect(() => receiver("192.0.2.1", true)).toThrow(`bind 192.0.2.1:${PORT}: Cannot assign requested address (EADDRNOTAVAIL)`);
  expect(() => openSender({ address: "192.0.2.1" })).toThrow("EADDRNOTAVAIL");
  expect(() => pathMtu("127.0.0.1", "255.255.255.255", PORT)).toThrow("connect 255.255.255.255:47891: Permission denied (EACCES)");
});

test("nothing stays open after a failure", () => {
  const open = () => localPorts(4).length;
  const before = open();
  for (let i = 0; i < 10; i++) expect(() => openSender({ address: "192.0.2.1" })).toThrow();
  expect(open()).toBe(before);
});
