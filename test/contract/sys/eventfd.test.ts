import { expect, test } from "vitest";
import { EventFd } from "../../../host/sys/eventfd.ts";

test("a signal is drained once, however often it was given", () => {
  const mine = new EventFd();
  const theirs = new EventFd(mine.fd);
  expect(mine.drain()).toBe(false);
  theirs.signal();
  theirs.signal();
  expect(mine.drain()).toBe(true);
  expect(mine.drain()).toBe(false);
  mine.close();
});

test("a number that is no eventfd is an error", () => {
  const wrong = new EventFd(-1);
  expect(() => wrong.signal()).toThrow("write eventfd -1: Bad file descriptor (EBADF)");
  expect(() => wrong.drain()).toThrow("read eventfd -1: Bad file descriptor (EBADF)");
});
