import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { DROP_NONE, DROP_PKT_TOO_BIG } from "../../../assembly/abi/reason.ts";
import { closeFd } from "../../../host/sys/fd.ts";
import { openReceiver } from "../../../host/sys/udp.ts";
import { Inbox, openOn, QUEUE_MAX, sendOne } from "../../../host/worker/dgram-socket.ts";
import { eventually } from "../../../lab/wait.ts";
import { ADDRESS, receiverOnFreePort } from "./loopback.ts";

/** More than an IPv4 datagram can carry. */
const TOO_LARGE = 65_508;

describe("node:dgram on a descriptor of host/sys", () => {
  const undo: (() => unknown)[] = [];
  afterEach(() => {
    for (const step of undo.splice(0).reverse()) step();
  });

  const open = async (): Promise<{ socket: Socket; fd: number; port: number }> => {
    const { fd, port } = receiverOnFreePort();
    undo.push(() => closeFd(fd));
    const socket = await openOn(fd, 4);
    undo.push(() => socket.close());
    return { socket, fd, port };
  };
  const sender = (): Socket => {
    const socket = createSocket("udp4");
    undo.push(() => socket.close());
    return socket;
  };

  test("has its address, receives there, and says where from", async () => {
    const { socket, port } = await open();
    expect(socket.address()).toMatchObject({ address: ADDRESS, port });
    let woken = 0;
    const inbox = new Inbox(socket, () => woken++);
    const from = sender();
    expect(await sendOne(from, Buffer.from("first"), ADDRESS, port)).toBe(DROP_NONE);
    expect(await sendOne(from, Buffer.from("second"), ADDRESS, port)).toBe(DROP_NONE);
    await eventually("both", () => woken === 2);
    expect(inbox.take(1).map(({ payload, from: source }) => [String(payload), source])).toEqual([["first", ADDRESS]]);
    expect(inbox.take(64).map(({ payload }) => String(payload))).toEqual(["second"]);
    expect(inbox.take(64)).toEqual([]);
  });

  test("leaves the descriptor open when it is closed, for the worker that comes next", async () => {
    const { fd, port } = receiverOnFreePort();
    undo.push(() => closeFd(fd));
    const first = await openOn(fd, 4);
    const closed = once(first, "close");
    first.close();
    await closed;
    expect(() => openReceiver({ address: ADDRESS, port, first: true })).toThrow(/EADDRINUSE/);
    const second = await openOn(fd, 4);
    undo.push(() => second.close());
    const inbox = new Inbox(second, () => {});
    await sendOne(sender(), Buffer.from("still here"), ADDRESS, port);
    await eventually("the datagram", () => inbox.take(1).some(({ payload }) => String(payload) === "still here"));
  });

  test("tells why a datagram was refused", async () => {
    expect(await sendOne(sender(), new Uint8Array(TOO_LARGE), ADDRESS, 9)).toBe(DROP_PKT_TOO_BIG);
  });

  test("bounds what waits, and counts the rest once", async () => {
    const { socket } = await open();
    const inbox = new Inbox(socket, () => {});
    const source = { address: ADDRESS, family: "IPv4", port: 9, size: 1 };
    for (let i = 0; i < QUEUE_MAX + 5; i++) socket.emit("message", Buffer.from([i & 255]), source);
    expect(inbox.takeDropped()).toBe(5);
    expect(inbox.takeDropped()).toBe(0);
    expect(inbox.take(QUEUE_MAX)).toHaveLength(QUEUE_MAX);
  });

  test("counts what nobody will take any more", async () => {
    const { socket } = await open();
    const inbox = new Inbox(socket, () => {});
    for (let i = 0; i < 3; i++) socket.emit("message", Buffer.from([i]), { address: ADDRESS, family: "IPv4", port: 9, size: 1 });
    inbox.take(1);
    inbox.clear();
    expect(inbox.takeDropped()).toBe(2);
    expect(inbox.take(64)).toEqual([]);
  });
});
