// Failures carry etcd's code and words.

import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { failure, GrpcFailure } from "../../../host/store/backend.ts";

test("a failure has etcd's code and words", () => {
  const compacted = failure("compacted");
  expect(compacted).toBeInstanceOf(GrpcFailure);
  expect([compacted.code, compacted.message]).toEqual([status.OUT_OF_RANGE, "etcdserver: mvcc: required revision has been compacted"]);
});
