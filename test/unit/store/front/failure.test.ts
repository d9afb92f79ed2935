import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { StoreError } from "../../../../host/model/cluster/store.ts";
import { InterruptedError, OperationError, UsageError, ValueError } from "../../../../host/model/errors.ts";
import { GrpcFailure } from "../../../../host/store/backend.ts";
import { failureStatus } from "../../../../host/store/front/failure.ts";

test.each([
  [new UsageError("a"), status.INVALID_ARGUMENT],
  [new ValueError("a"), status.INVALID_ARGUMENT],
  [new OperationError("a"), status.FAILED_PRECONDITION],
  [new StoreError("unavailable", "a"), status.UNAVAILABLE],
  [new StoreError("denied", "a"), status.PERMISSION_DENIED],
  [new StoreError("compacted", "a"), status.OUT_OF_RANGE],
  [new GrpcFailure(status.NOT_FOUND, "a"), status.NOT_FOUND],
  [new InterruptedError("SIGINT"), status.INTERNAL],
  [new TypeError("a"), status.INTERNAL],
  ["a", status.INTERNAL],
  [null, status.INTERNAL],
])("%s has code %s", (error, code) => {
  expect(failureStatus(error).code).toBe(code);
});

test("the message is carried, on one line that fits into a header", () => {
  expect(failureStatus(new OperationError("one\ntwo")).details).toBe("one; two");
  expect(failureStatus(new OperationError("x".repeat(100_000))).details).toHaveLength(4000);
});
