import { expect, test } from "vitest";
import { messageOf, OperationError, UsageError } from "../../../host/model/errors.ts";

test("the exit codes are 1 for failed and 2 for misused, and the cause is kept", () => {
  const cause = new Error("ENOENT");
  expect(new OperationError("x", { cause })).toMatchObject({ exitCode: 1, code: "WEFT_OPERATION", message: "x", cause });
  expect(new UsageError("x")).toMatchObject({ exitCode: 2, code: "WEFT_USAGE", name: "UsageError" });
});

test("a message is one line, whatever was thrown", () => {
  expect(messageOf(new Error("a\n  b\nc"))).toBe("a; b; c");
  expect(messageOf("text")).toBe("text");
  expect(messageOf(undefined)).toBe("undefined");
});
