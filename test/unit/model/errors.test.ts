import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { InterruptedError, messageOf, OperationError, UsageError } from "../../../host/model/errors.ts";

test("the exit codes are 1 for failed and 2 for misused, and the cause is kept", () => {
  const cause = new Error("ENOENT");
  expect(new OperationError("x", { cause })).toMatchObject({ exitCode: 1, code: "WEFT_OPERATION", message: "x", cause });
  expect(new UsageError("x")).toMatchObject({ exitCode: 2, code: "WEFT_USAGE", name: "UsageError" });
});

test("an interruption has the exit code that a shell gives it", () => {
  expect(new InterruptedError("SIGINT")).toMatchObject({ exitCode: 130, code: "WEFT_INTERRUPTED", message: "interrupted by SIGINT" });
  expect(new InterruptedError("SIGTERM").exitCode).toBe(143);
});

test("a message is one line, whatever was thrown", () => {
  expect(messageOf(new Error("a\n  b\nc"))).toBe("a; b; c");
  expect(messageOf("text")).toBe("text");
  expect(messageOf(undefined)).toBe("undefined");
});

test("a system call's failure is told in the system's words", () => {
  const thrown = (() => {
    try {
      return readFileSync("/nowhere/at/all");
    } catch (error) {
      return error;
    }
  })();
  expect(messageOf(thrown)).toBe("no such file or directory");
  expect(messageOf(spawnSync("/nowhere/at/all").error)).toBe("spawnSync /nowhere/at/all: no such file or directory");
  expect(messageOf(Object.assign(new Error("own words"), { errno: -2, code: "ENOENT", syscall: "x" }))).toBe("own words");
});
