import { describe, expect, test } from "vitest";
import { MEMORY_BYTES_MAX, PAGE_BYTES } from "../../../assembly/abi/limits.ts";
import { W_RX_BUFFER, W_TX_BUFFER, WORKER_BYTES } from "../../../assembly/abi/worker.ts";
import { closeFd } from "../../../host/sys/fd.ts";
import { addressOf } from "../../../host/sys/libc.ts";
import { Region, Scratch } from "../../../host/sys/memory.ts";
import { openReceiver, openSender } from "../../../host/sys/udp.ts";
import { UdpReceiver } from "../../../host/sys/udp-receiver.ts";
import { UdpSender } from "../../../host/sys/udp-sender.ts";
import { pattern, Stage } from "./stage.ts";

const GIGABYTE = 2 ** 30;
/** Room for a worker's block on either side of the boundary. */
const MARGIN = 64 * 2 ** 20;

function memory(bytes: number): WebAssembly.Memory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

describe("Region", () => {
  test("knows its address in words, and refuses a memory that is not shared", () => {
    const region = new Region(memory(PAGE_BYTES));
    expect(region.base).toBe(addressOf(region.memory.buffer));
    expect(BigInt(region.base)).toBe((BigInt(region.hi >>> 0) << 32n) | BigInt(region.lo >>> 0));
    expect(() => new Region(new WebAssembly.Memory({ initial: 1 }))).toThrow("must be shared");
  });

  test("has the right address for every offset, also beyond a 4 GiB boundary", () => {
    const region = new Region(memory(MEMORY_BYTES_MAX));
    for (const offset of [0, 1, region.boundary - 1, region.boundary, GIGABYTE, region.size - 1]) {
      if (offset >= region.size) continue;
      const address = (BigInt(region.high(offset) >>> 0) << 32n) | BigInt(region.low(offset) >>> 0);
      expect(address).toBe(BigInt(region.base) + BigInt(offset));
    }
  });

  test("a memory larger than the data path may have is refused", () => {
    expect(() => new Region(memory(MEMORY_BYTES_MAX + PAGE_BYTES))).toThrow(`at most ${MEMORY_BYTES_MAX}`);
  });

  test("holds() accepts what lies inside, to the byte, and nothing else", () => {
    const region = new Region(memory(PAGE_BYTES));
    expect(region.holds(0, PAGE_BYTES)).toBe(true);
    expect(region.holds(PAGE_BYTES, 0)).toBe(true);
    expect(region.holds(PAGE_BYTES - 1, 2)).toBe(false);
    expect(region.holds(1, PAGE_BYTES)).toBe(false);
    expect(region.holds(-1, 1)).toBe(false);
    expect(region.holds(0, -1)).toBe(false);
    expect(region.holds(0x7fffffff, 0x7fffffff)).toBe(false);
  });

  test("datagrams cross a 4 GiB boundary whole, sent and received", (context) => {
    const found = straddling();
    if (!found) return context.skip("no shared memory could be placed across a 4 GiB boundary here");
    const receiver = openReceiver({ address: "127.0.0.1", port: 17_890, first: true });
    const sender = openSender({ address: "127.0.0.1" });
    try {
      // First the sending buffer lies across the boundary, then the receiving one.
      for (const part of [W_TX_BUFFER, W_RX_BUFFER]) {
        const block = (found.boundary - part - 4096) & ~63;
        expect(found.holds(block, WORKER_BYTES)).toBe(true);
        const stage = new Stage(found, block);
        stage.vtep(1, "127.0.0.1", 17_890);
        const bytes = pattern(60_000, part);
        stage.sends([{ bytes }]);
        new UdpSender(found, block, [sender], 4).send();
        expect(stage.sent(1)).toEqual([[0, 0]]);
        expect(new UdpReceiver(found, block, receiver, 4).receive()).toBe(1);
        expect(Buffer.compare(stage.received(0).bytes, bytes)).toBe(0);
      }
    } finally {
      closeFd(receiver);
      closeFd(sender);
    }
  });
});

test("Scratch lies on one side of a 4 GiB boundary and points at itself", () => {
  const scratch = new Scratch(4096);
  expect(Math.floor(scratch.base / 2 ** 32)).toBe(Math.floor((scratch.base + 4095) / 2 ** 32));
  scratch.point(scratch.words, 0, 128);
  const address = (BigInt(scratch.words[1] >>> 0) << 32n) | BigInt(scratch.words[0] >>> 0);
  expect(address).toBe(BigInt(scratch.base) + 128n);
  scratch.words[2] = 0x01020304;
  expect([...scratch.bytes.subarray(8, 12)]).toEqual([4, 3, 2, 1]);
});

/** A memory across a boundary. Where the next one goes depends on what was mapped before: an untouched gigabyte moves it. */
function straddling(): Region | undefined {
  const spacers: ArrayBuffer[] = [];
  for (let attempt = 0; attempt < 5; attempt++) {
    const region = new Region(memory(MEMORY_BYTES_MAX));
    if (region.boundary > MARGIN && region.boundary < region.size - MARGIN) return region;
    spacers.push(new ArrayBuffer(GIGABYTE));
  }
  return undefined;
}
