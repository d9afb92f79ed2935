// The probing thread's end of the port, on two sockets of the loopback. No root.

import { readdirSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openWire } from "../../../../host/cluster/probe/wire.ts";
import { closeFd } from "../../../../host/sys/fd.ts";
import { openLoopbackPair, sendOn } from "../../../../host/sys/udp.ts";

let pair: [number, number];
beforeEach(() => {
  pair = openLoopbackPair();
});
afterEach(() => pair.forEach(closeFd));

test("frames go both ways, whole and apart, behind a virtio-net header of zeros", async () => {
  const [here, there] = [await openWire(pair[0]), await openWire(pair[1])];
  try {
    const frames: string[] = [];
    there.onFrame((frame) => frames.push(Buffer.from(frame).toString()));
    for (const text of ["one", "three", "x".repeat(9000)]) here.send(Buffer.from(text));
    // A header alone, and less than one, are no frames.
    sendOn(pair[0], new Uint8Array(10));
    sendOn(pair[0], new Uint8Array(3));
    here.send(Buffer.from("last"));
    await expect.poll(() => frames.length).toBe(4);
    expect(frames).toEqual(["one", "three", "x".repeat(9000), "last"]);
    const back: Uint8Array[] = [];
    here.onFrame((frame) => back.push(frame));
    there.send(Uint8Array.of(1, 2, 3));
    await expect.poll(() => back.length).toBe(1);
    expect([...back[0]]).toEqual([1, 2, 3]);
  } finally {
    here.close();
    there.close();
  }
});

test("one that is closed leaves the socket to the next, with what came meanwhile", async () => {
  const first = await openWire(pair[0]);
  first.close();
  const there = await openWire(pair[1]);
  there.send(Buffer.from("meanwhile"));
  const next = await openWire(pair[0]);
  const frames: string[] = [];
  next.onFrame((frame) => frames.push(Buffer.from(frame).toString()));
  await expect.poll(() => frames).toEqual(["meanwhile"]);
  next.close();
  there.close();
});

test("a descriptor that is none is refused, with nothing open", async () => {
  const open = () => readdirSync("/proc/self/fd").length;
  const before = open();
  await expect(openWire(1_000_000)).rejects.toThrow("dup fd 1000000");
  // Not a socket.
  await expect(openWire(0)).rejects.toThrow();
  await expect.poll(open).toBe(before);
});
