import { expect, test } from "vitest";
import * as abi from "../../../assembly/abi/index.ts";
import { EventRing } from "../../../host/core/events.ts";
import { createMemory, workerBlock } from "../../../host/core/layout.ts";

const memory = createMemory({ workers: 2, fdbCapacity: 512, addressCapacity: 512, features: 0 });

test("events are taken once, also one by one and past the wrap of their indices", () => {
  const ring = new EventRing(memory, 1);
  const block = workerBlock(memory, 1);
  const view = new DataView(memory.buffer);
  const from = 2 ** 31 - 2;
  view.setUint32(block + abi.W_EVENT_TAIL, from, true);
  for (let i = 0; i < 4; i++) {
    const at = block + abi.W_EVENTS + ((from + i) % abi.EVENTS_MAX) * abi.EVENT_BYTES;
    view.setUint32(at + abi.E_KIND, abi.EVENT_LEARN_PORT, true);
    view.setBigUint64(at + abi.E_MAC, BigInt(0xfedcba987650 + i), true);
  }
  view.setUint32(block + abi.W_EVENT_HEAD, from + 4, true);
  for (const event of ring.take()) {
    expect(event.mac).toBe(0xfedcba987650);
    break;
  }
  expect([...ring.take()].map(({ mac }) => mac - 0xfedcba987650)).toEqual([1, 2, 3]);
  expect([...ring.take(), ...new EventRing(memory, 0).take()]).toEqual([]);
});

test("an address is a copy, and events of another kind have none", () => {
  const ring = new EventRing(memory, 0);
  const view = new DataView(memory.buffer);
  const block = workerBlock(memory, 0);
  for (const [i, kind] of [abi.EVENT_LEARN_ADDRESS, abi.EVENT_LEARN_VTEP].entries()) {
    view.setUint32(block + abi.W_EVENTS + i * abi.EVENT_BYTES + abi.E_KIND, kind, true);
    view.setUint8(block + abi.W_EVENTS + i * abi.EVENT_BYTES + abi.E_ADDRESS + 15, 9);
  }
  view.setUint32(block + abi.W_EVENT_HEAD, 2, true);
  const events = [...ring.take()];
  view.setUint8(block + abi.W_EVENTS + abi.E_ADDRESS + 15, 1);
  expect(events.map(({ address }) => [...address])).toEqual([[...new Array(15).fill(0), 9], []]);
});
