import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PORT_CLOSING, PORT_FREE } from "../../../assembly/abi/port.ts";
import { Entries } from "../../../host/core/entries.ts";
import { createMemory } from "../../../host/core/layout.ts";
import { Epoll } from "../../../host/sys/epoll.ts";
import { EventFd } from "../../../host/sys/eventfd.ts";
import { OwnedPorts } from "../../../host/worker/owned-ports.ts";

describe("the ports of a worker", () => {
  let entries: Entries;
  let epoll: Epoll;
  let owned: OwnedPorts;
  /** Readable, as TAPs with a frame are. */
  let taps: EventFd[];
  beforeEach(() => {
    const memory = createMemory({ workers: 2, fdbCapacity: 256, addressCapacity: 256, features: 0 });
    entries = new Entries(memory);
    epoll = new Epoll();
    owned = new OwnedPorts(memory, 0, epoll, entries.descriptors);
    taps = Array.from({ length: 3 }, () => new EventFd());
    for (const tap of taps) tap.signal();
  });
  afterEach(() => {
    epoll.close();
    for (const tap of taps) tap.close();
  });

  const set = (port: number, tap: number, owner = 0) => entries.setPort(port, { fd: taps[tap].fd, owner, network: 1, mac: port });
  const ready = () => {
    const count = epoll.wait(0);
    return Array.from({ length: count }, (_, i) => epoll.ready[2 * i]).sort((a, b) => a - b);
  };

  test("are those that are up and its own", () => {
    set(1, 0);
    set(2, 1, 1);
    set(4095, 2);
    owned.refresh();
    expect(taps.map(({ fd }) => owned.of(fd))).toEqual([1, 0, 4095]);
    expect(ready()).toEqual([taps[0].fd, taps[2].fd]);
  });

  test.each([PORT_CLOSING, PORT_FREE])("are let go in state %i", (state) => {
    set(1, 0);
    owned.refresh();
    entries.setPortState(1, state);
    expect(owned.of(taps[0].fd)).toBe(1);
    owned.refresh();
    expect(owned.of(taps[0].fd)).toBe(0);
    expect(ready()).toEqual([]);
  });

  test("are found by their index too; those of others are not", () => {
    set(1, 0);
    set(2, 1, 1);
    owned.refresh();
    expect([1, 2, 3].map((port) => owned.fdOf(port))).toEqual([taps[0].fd, -1, -1]);
    set(3, 0);
    entries.setPortState(1, PORT_FREE);
    owned.refresh();
    expect([1, 2, 3].map((port) => owned.fdOf(port))).toEqual([-1, -1, taps[0].fd]);
    owned.drop(taps[0].fd);
    expect(owned.fdOf(3)).toBe(-1);
  });

  test("may come with a number that another had", () => {
    set(1, 0);
    owned.refresh();
    entries.setPortState(1, PORT_FREE);
    set(7, 0);
    owned.refresh();
    expect(owned.of(taps[0].fd)).toBe(7);
    expect(ready()).toEqual([taps[0].fd]);
  });

  test("may change their descriptor", () => {
    set(1, 0);
    owned.refresh();
    set(1, 1);
    owned.refresh();
    expect(taps.map(({ fd }) => owned.of(fd))).toEqual([0, 1, 0]);
    expect(ready()).toEqual([taps[1].fd]);
  });

  test("may go to another worker", () => {
    set(1, 0);
    owned.refresh();
    set(1, 0, 1);
    owned.refresh();
    expect(owned.of(taps[0].fd)).toBe(0);
    expect(ready()).toEqual([]);
  });

  test("are not watched once their TAP is gone, until the table changes", () => {
    set(1, 0);
    set(2, 1);
    owned.refresh();
    owned.drop(taps[0].fd);
    expect(owned.of(taps[0].fd)).toBe(0);
    expect(ready()).toEqual([taps[1].fd]);
    owned.refresh();
    expect(owned.of(taps[0].fd)).toBe(1);
  });
});
