import { expect, test } from "vitest";
import { check, errnoName, SysError } from "../../../host/sys/errno.ts";
import { close } from "../../../host/sys/libc.ts";

test.each([
  [11, "EAGAIN"],
  [77, "EBADFD"],
  [98, "EADDRINUSE"],
  [9999, "errno 9999"],
])("%i is %s", (number, name) => {
  expect(errnoName(number)).toBe(name);
});

test("check passes a result on, and turns -1 into an error that names call, object and reason", () => {
  expect(check(7, "open", "x")).toBe(7);
  let caught: unknown;
  try {
    check(close(-1), "close", "fd -1");
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(SysError);
  expect(caught).toMatchObject({ code: "EBADF", errno: 9, syscall: "close", what: "fd -1" });
  expect((caught as SysError).message).toBe("close fd -1: Bad file descriptor (EBADF)");
});
