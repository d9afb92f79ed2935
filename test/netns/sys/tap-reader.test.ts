import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { RX_BUFFER_BYTES, RX_TAP_HEADROOM } from "../../../assembly/abi/limits.ts";
import { W_RX_BUFFER } from "../../../assembly/abi/worker.ts";
import { VNET_HEADER_BYTES } from "../../../host/sys/constants.ts";
import { closeFd } from "../../../host/sys/fd.ts";
import { closeNetnsThread, openTapIn } from "../../../host/sys/netns-thread.ts";
import { READ_EMPTY, READ_FRAME, READ_GONE, TapReader } from "../../../host/sys/tap-reader.ts";
import { ipBatch, run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { Stage } from "../../contract/sys/stage.ts";
import { describeNetns } from "../needs.ts";

describeNetns("TapReader", ["arping"], () => {
  let lab: Lab;
  let netns: string;
  let fd: number;
  const stage = new Stage();
  const reader = new TapReader(stage.region, stage.block);
  beforeAll(async () => {
    lab = await Lab.open();
    netns = await lab.namespace("a");
    // Nothing but what the test sends.
    await run(["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"], { netns });
  });
  beforeEach(async () => {
    fd = (await openTapIn(`/run/netns/${netns}`, "eth0")).fd;
    await ipBatch(["link set eth0 address 02:00:00:00:00:01", "address add 10.0.0.1/24 dev eth0", "link set eth0 up"], netns);
    while (reader.readBatch(fd, 1, 0, 64) > 0);
  });
  afterEach(() => closeFd(fd));
  afterAll(async () => {
    await closeNetnsThread();
    await lab?.close();
  });

  /** Makes the container send UDP datagrams of these payload sizes to a neighbour that it knows. */
  const send = async (...sizes: number[]) => {
    await ipBatch(["neigh replace 10.0.0.2 lladdr 02:00:00:00:00:02 dev eth0"], netns);
    const script = `
      const socket = require("node:dgram").createSocket("udp4");
      const next = (sizes) => sizes.length ? socket.send(Buffer.alloc(sizes[0], 0x5a), 9, "10.0.0.2", () => next(sizes.slice(1))) : socket.close();
      next(${JSON.stringify(sizes)});`;
    await run([process.execPath, "-e", script], { netns });
  };

  test("an empty TAP, and one whose link is down, have nothing", async () => {
    expect(reader.read(fd, 1, 0)).toBe(READ_EMPTY);
    await ipBatch(["link set eth0 down"], netns);
    expect(reader.read(fd, 1, 0)).toBe(READ_EMPTY);
    expect(reader.readBatch(fd, 1, 0, 8)).toBe(0);
  });

  test("a frame is where the core expects it", async () => {
    await send(100);
    expect(reader.read(fd, 7, 5)).toBe(READ_FRAME);
    const got = stage.received(5);
    expect(got).toMatchObject({ port: 7, length: VNET_HEADER_BYTES + 14 + 20 + 8 + 100, segmentBytes: 0, tos: 0, truncated: 0 });
    expect(got.offset).toBe(stage.at(W_RX_BUFFER + 5 * RX_BUFFER_BYTES + RX_TAP_HEADROOM));
    expect((got.offset + VNET_HEADER_BYTES) % 16).toBe(0);
    expect([...got.bytes.subarray(VNET_HEADER_BYTES, VNET_HEADER_BYTES + 14)]).toEqual([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0]);
    expect([...got.bytes.subarray(-100)]).toEqual(Array(100).fill(0x5a));
    expect(reader.read(fd, 7, 5)).toBe(READ_EMPTY);
  });

  test("a batch ends with the last frame, the room, or the buffers", async () => {
    await send(10, 20, 30, 40, 50);
    expect(reader.readBatch(fd, 1, 2, 3)).toBe(3);
    expect([2, 3, 4].map((i) => stage.received(i).length)).toEqual([62, 72, 82]);
    expect(reader.readBatch(fd, 1, 63, 8)).toBe(1);
    expect(stage.received(63).length).toBe(92);
    expect(reader.readBatch(fd, 1, 0, 64)).toBe(1);
    expect(reader.readBatch(fd, 1, 0, 64)).toBe(0);
    expect(reader.readBatch(fd, 1, 64, 8)).toBe(0);
    expect(() => reader.read(fd, 1, 64)).toThrow(RangeError);
    expect(() => reader.read(fd, 1, -1)).toThrow(RangeError);
  });

  test("a device that is removed is gone, and its last errno tells how", async () => {
    await ipBatch(["link delete eth0"], netns);
    expect(reader.read(fd, 1, 0)).toBe(READ_GONE);
    expect(reader.readBatch(fd, 1, 0, 8)).toBe(READ_GONE);
    expect(reader.lastErrno).toBe(77);
  });

  test("a number that is no file is gone", () => {
    expect(reader.read(-1, 1, 0)).toBe(READ_GONE);
    expect(reader.lastErrno).toBe(9);
  });

  test("a namespace whose name vanished lives on while its TAP is open, and goes with it", async () => {
    const name = await lab.namespace("v");
    const vanishing = await openTapIn(`/run/netns/${name}`, "eth0");
    await ipBatch(["address add 10.0.0.1/24 dev eth0", "link set eth0 up"], name);
    await lab.removeNamespace(name);
    expect([READ_EMPTY, READ_FRAME]).toContain(reader.read(vanishing.fd, 1, 0));
    closeFd(vanishing.fd);
  });
});

test("buffers outside the memory are refused", () => {
  const { region } = new Stage();
  expect(() => new TapReader(region, region.size - 4096)).toThrow("outside the memory");
});
