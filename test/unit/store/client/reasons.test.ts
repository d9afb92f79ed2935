// What gRPC says, in words and kinds.

import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { StoreError } from "../../../../host/model/cluster/store.ts";
import { failure, GrpcFailure } from "../../../../host/store/backend.ts";
import { isAway, storeError, whyNot } from "../../../../host/store/client/reasons.ts";

const unavailable = (last: string) =>
  new GrpcFailure(status.UNAVAILABLE, `No connection established. Last error: ${last} (2026-01-01T00:00:00.000Z). Resolution note: `);

test.each([
  ["Error: connect ECONNREFUSED 127.0.0.1:1", "connection refused"],
  ["Error: connect EHOSTUNREACH 10.0.0.1:1", "no route to host"],
  ["Error: read ECONNRESET", "connection lost"],
  ["Error: self-signed certificate in certificate chain", "its certificate is not signed by this cluster's CA"],
  ["Error: certificate has expired", "its certificate has expired, or this host's clock is wrong"],
  ["Error: a reason that nobody knows", "a reason that nobody knows"],
])("%s", (said, words) => {
  expect(whyNot(unavailable(said))).toBe(words);
});

describe("kinds", () => {
  test.each([
    [failure("compacted"), "compacted"],
    [failure("futureRevision"), "invalid"],
    [failure("requestTooLarge"), "exhausted"],
    [failure("tooManyOperations"), "exhausted"],
    [failure("noSpace"), "exhausted"],
    [failure("duplicateKey"), "invalid"],
    [failure("leaseNotFound"), "not-found"],
    [failure("permissionDenied"), "denied"],
    [failure("stopped"), "unavailable"],
    [new GrpcFailure(status.UNAUTHENTICATED, "who?"), "unauthenticated"],
    [new GrpcFailure(status.DEADLINE_EXCEEDED, "late"), "unavailable"],
    [new GrpcFailure(status.UNKNOWN, "?"), "internal"],
    [new Error("no status at all"), "internal"],
  ])("%s is %s", (error, kind) => {
    expect(storeError(error)).toMatchObject({ name: "StoreError", failure: kind });
  });

  test("etcd's name is left out of its lines", () => {
    expect(storeError(failure("compacted")).message).toBe("mvcc: required revision has been compacted");
  });

  test("that there is no room is said with where, and what helps", () => {
    expect(storeError(failure("noSpace")).message).toMatch(/^the cluster's store has no room: free space on the manager's disk/);
  });

  test("one that is one already stays", () => {
    const error = new StoreError("denied", "no");
    expect(storeError(error)).toBe(error);
  });

  test("only the server and the way to it are reasons to go elsewhere", () => {
    expect([failure("stopped"), failure("leaseNotFound"), new Error("x")].map(isAway)).toEqual([true, false, false]);
  });

  test("an etcd whose request ran out of time is away, whatever its code; what else it does not know is not", () => {
    const unknown = (text: string) => new GrpcFailure(status.UNKNOWN, text);
    expect(["context deadline exceeded", "context canceled", "auth: context of user"].map(unknown).map(isAway)).toEqual([
      true,
      true,
      false,
    ]);
  });
});
