import { readlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { EventFd } from "../../../host/sys/eventfd.ts";
import { closeFd } from "../../../host/sys/fd.ts";

test("closes once, and says when the number is nobody's", () => {
  const { fd } = new EventFd();
  expect(readlinkSync(`/proc/self/fd/${fd}`)).toContain("eventfd");
  closeFd(fd);
  expect(() => closeFd(-1)).toThrow("close fd -1: Bad file descriptor (EBADF)");
});
