import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EPOLLIN } from "../../../host/sys/constants.ts";
import { Epoll } from "../../../host/sys/epoll.ts";
import { EventFd } from "../../../host/sys/eventfd.ts";

describe("Epoll", () => {
  let epoll: Epoll;
  let events: EventFd[];
  beforeEach(() => {
    epoll = new Epoll();
    events = Array.from({ length: 3 }, () => new EventFd());
    for (const { fd } of events) epoll.add(fd);
  });
  afterEach(() => {
    epoll.close();
    for (const event of events) event.close();
  });

  const ready = (count: number) =>
    Array.from({ length: count }, (_, i) => [epoll.ready[2 * i], epoll.ready[2 * i + 1]]).sort((a, b) => a[0] - b[0]);

  test("reports what is ready, again and again until it is read", () => {
    expect(epoll.wait(0)).toBe(0);
    events[0].signal();
    events[2].signal();
    for (let round = 0; round < 2; round++) {
      expect(epoll.wait(1000)).toBe(2);
      expect(ready(2)).toEqual([
        [events[0].fd, EPOLLIN],
        [events[2].fd, EPOLLIN],
      ]);
    }
    events[0].drain();
    expect(epoll.wait(1000)).toBe(1);
    expect(ready(1)).toEqual([[events[2].fd, EPOLLIN]]);
  });

  test("forgets what was removed", () => {
    events[1].signal();
    epoll.remove(events[1].fd);
    expect(epoll.wait(0)).toBe(0);
    expect(() => epoll.remove(events[1].fd)).toThrow("ENOENT");
    expect(() => epoll.add(events[0].fd)).toThrow(`epoll_ctl add fd ${events[0].fd}: File exists (EEXIST)`);
  });

  test("gives up after its time", () => {
    const start = performance.now();
    expect(epoll.wait(30)).toBe(0);
    expect(performance.now() - start).toBeGreaterThanOrEqual(29);
  });

  test("waits beside the event loop, too", async () => {
    const waiting = epoll.waitAsync(10_000);
    setTimeout(() => events[1].signal(), 10);
    expect(await waiting).toBe(1);
    expect(ready(1)).toEqual([[events[1].fd, EPOLLIN]]);
    events[1].drain();
    expect(await epoll.waitAsync(0)).toBe(0);
  });

  test("an epoll that is closed says so", async () => {
    const closed = new Epoll();
    closed.close();
    expect(() => closed.wait(0)).toThrow(/EBADF|EINVAL/);
    await expect(closed.waitAsync(0)).rejects.toThrow(/EBADF|EINVAL/);
  });
});
