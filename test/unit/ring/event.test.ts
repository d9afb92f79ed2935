import { beforeEach, describe, expect, test } from "vitest";
import { EVENT_LEARN_ADDRESS, EVENT_LEARN_PORT, EVENT_LEARN_VTEP, EVENT_PATH_MTU, EVENT_PORT_GONE } from "../../../assembly/abi/event.ts";
import { H_DOORBELL, H_TICK, HEADER } from "../../../assembly/abi/layout.ts";
import { EVENTS_MAX } from "../../../assembly/abi/limits.ts";
import { S_EVENTS_LOST } from "../../../assembly/abi/worker.ts";
import { EventRing } from "../../../host/core/events.ts";
import { readStats } from "../../../host/core/read.ts";
import { formatIp, parseIp } from "../../../host/model/ip.ts";
import { Probe } from "../../oracle/probe.ts";

let probe: Probe;
let ring: EventRing;
beforeEach(() => {
  probe = new Probe();
  ring = new EventRing(probe.memory, 0);
});

const take = () => [...ring.take()];
const lost = () => Number(readStats(probe.memory, 0)[S_EVENTS_LOST / 8]);
const doorbell = () => probe.view.getUint32(HEADER + H_DOORBELL, true);
const nextTick = () => probe.view.setUint32(HEADER + H_TICK, probe.view.getUint32(HEADER + H_TICK, true) + 1, true);

test("events come out as they went in, in order", () => {
  probe.call.tellLearnedPort(3, 0xfedcba987654n, 7);
  probe.call.tellLearnedVtep(1023, 0x000000000001n, 4095);
  probe.call.tellAddress(9, 5n, probe.put(parseIp("2001:db8::9")));
  probe.call.tellPathMtu(12);
  probe.call.tellPortGone(13);
  expect(
    take().map(({ address, ...event }) =>
      event.kind === EVENT_LEARN_ADDRESS ? { ...event, address: formatIp(address), index: 0 } : event,
    ),
  ).toEqual([
    { kind: EVENT_LEARN_PORT, network: 3, mac: 0xfedcba987654, index: 7 },
    { kind: EVENT_LEARN_VTEP, network: 1023, mac: 1, index: 4095 },
    { kind: EVENT_LEARN_ADDRESS, network: 9, mac: 5, index: 0, address: "2001:db8::9" },
    { kind: EVENT_PATH_MTU, network: 0, mac: 0, index: 12 },
    { kind: EVENT_PORT_GONE, network: 0, mac: 0, index: 13 },
  ]);
  expect(take()).toEqual([]);
});

describe("in one tick", () => {
  test("the same is told once, in the next again", () => {
    for (let tick = 0; tick < 5; tick++) {
      for (let i = 0; i < 10; i++) {
        probe.call.tellLearnedPort(1, 5n, 1);
        probe.call.tellAddress(1, 6n, probe.put(parseIp("192.0.2.9")));
      }
      expect(take()).toHaveLength(2);
      nextTick();
    }
  });

  test("whatever differs is told", () => {
    const addresses = [parseIp("192.0.2.1"), parseIp("192.0.2.2"), parseIp("2001:db8::1"), parseIp("2001:db9::1")];
    for (const network of [1, 2]) {
      for (const mac of [1n, 2n, 1n << 40n]) {
        for (const index of [1, 2, 1000]) {
          probe.call.tellLearnedPort(network, mac, index);
          probe.call.tellLearnedVtep(network, mac, index);
        }
        addresses.forEach((address, i) => {
          probe.call.tellAddress(network, mac, probe.put(address, i * 16));
        });
      }
    }
    expect(take()).toHaveLength(2 * 3 * (3 * 2 + 4));
  });
});

test("a full ring takes no more, counts what it lost, and goes on when it is read", () => {
  for (let i = 0; i < EVENTS_MAX + 50; i++) probe.call.tellLearnedPort(1, BigInt(i + 1), 1);
  expect(lost()).toBe(50);
  const first = take();
  expect(first.map(({ mac }) => mac)).toEqual(Array.from({ length: EVENTS_MAX }, (_, i) => i + 1));
  nextTick();
  for (let i = 0; i < 10; i++) probe.call.tellLearnedPort(1, BigInt(i + 1), 1);
  expect(take().map(({ mac }) => mac)).toEqual(Array.from({ length: 10 }, (_, i) => i + 1));
  expect(lost()).toBe(50);
});

test("the ring turns any number of times", () => {
  let mac = 0n;
  for (let round = 0; round < 40; round++) {
    const count = 1 + ((round * 37) % 300);
    const begin = Number(mac) + 1;
    for (let i = 0; i < count; i++) probe.call.tellLearnedVtep(2, ++mac, 4);
    expect(take().map((event) => event.mac)).toEqual(Array.from({ length: count }, (_, i) => begin + i));
  }
  expect(lost()).toBe(0);
});

test("the doorbell rings once for any number of events, and not for none", () => {
  probe.call.ring();
  expect(doorbell()).toBe(0);
  for (let i = 0; i < 5; i++) probe.call.tellLearnedPort(1, BigInt(i + 1), 1);
  expect(doorbell()).toBe(0);
  probe.call.ring();
  probe.call.ring();
  expect(doorbell()).toBe(1);
  probe.call.tellPathMtu(1);
  expect(doorbell()).toBe(2);
  probe.call.tellPathMtu(1);
  expect(doorbell()).toBe(2);
});
