// What calls weigh while they wait.

import { expect, test } from "vitest";
import { bytesOf } from "../../../../host/store/embedded/call.ts";
import { bytes, callOf } from "./asking.ts";

test("keys and values count, those of inner transactions too", () => {
  expect(bytesOf(callOf("range", { key: bytes("abc") }))).toBe(0);
  expect(bytesOf(callOf("put", { key: bytes("abc"), value: bytes("12345") }))).toBe(8);
  const put = { request: { case: "requestPut" as const, value: { key: bytes("ab"), value: bytes("1") } } };
  const remove = { request: { case: "requestDeleteRange" as const, value: { key: bytes("a") } } };
  const inner = { request: { case: "requestTxn" as const, value: { success: [put], failure: [put, remove] } } };
  const compare = [{ key: bytes("k"), targetUnion: { case: "value" as const, value: bytes("123") } }];
  expect(bytesOf(callOf("txn", { compare, success: [put, inner], failure: [remove] }))).toBe(4 + 3 + 7 + 1);
});
