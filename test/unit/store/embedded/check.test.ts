// What is refused before anything is looked up. (Random transactions are compared with etcd's own answers in test/contract/store.)

import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { checkDelete, checkPut, checkTxn } from "../../../../host/store/embedded/check.ts";
import { PutRequestSchema, type RequestOp, RequestOpSchema, TxnRequestSchema } from "../../../../host/store/generated/rpc_pb.js";
import { bytes } from "./asking.ts";

const op = (request: object) => create(RequestOpSchema, { request: request as RequestOp["request"] });
const put = (key: string) => op({ case: "requestPut", value: { key: bytes(key) } });
const remove = (key: string, end = "") => op({ case: "requestDeleteRange", value: { key: bytes(key), rangeEnd: bytes(end) } });
const get = (key: string) => op({ case: "requestRange", value: { key: bytes(key) } });
const txn = (success: RequestOp[], failure: RequestOp[] = []) => op({ case: "requestTxn", value: { success, failure } });
const check = (success: RequestOp[], failure: RequestOp[] = []) => checkTxn(create(TxnRequestSchema, { success, failure }));
const many = (count: number) => Array.from({ length: count }, (_, n) => put(`k${n}`));

test("puts and deletions name a key, and give nothing that they say to ignore", () => {
  const putOf = (fields: object) => () => checkPut(create(PutRequestSchema, fields));
  expect(putOf({})).toThrow("emptyKey");
  expect(putOf({ key: bytes("a"), value: bytes("1"), ignoreValue: true })).toThrow("valueProvided");
  expect(putOf({ key: bytes("a"), lease: 1n, ignoreLease: true })).toThrow("leaseProvided");
  expect(putOf({ key: bytes("a"), ignoreLease: true, ignoreValue: true })).not.toThrow();
  expect(() => checkDelete({ key: bytes("") })).toThrow("emptyKey");
});

describe("transactions", () => {
  test.each<[string, RequestOp[], RequestOp[]]>([
    ["one key put twice", [put("a"), put("a")], []],
    ["in the other branch", [], [put("a"), put("a")]],
    ["put and deleted", [put("b"), remove("a", "c")], []],
    ["put and deleted to the end", [put("b"), remove("a", "\0")], []],
    ["put inside and outside", [put("a"), txn([put("a")])], []],
    ["put inside, deleted outside", [remove("a"), txn([], [put("a")])], []],
    ["put outside, deleted inside", [put("a"), txn([remove("a")])], []],
    ["put by one, deleted by another", [txn([put("a")]), txn([remove("a")])], []],
  ])("%s is refused: all changes are of one revision", (_, success, failure) => {
    expect(() => check(success, failure)).toThrow("duplicateKey");
  });

  test.each<[string, RequestOp[], RequestOp[]]>([
    ["either branch puts it", [put("a")], [put("a")]],
    ["either branch inside puts it", [txn([put("a")], [put("a")])], []],
    ["read and put", [get("a"), put("a"), get("a")], []],
    ["deleted beside what is put", [remove("a", "b"), put("b")], []],
    ["deleted twice", [remove("a"), remove("a", "\0")], []],
  ])("%s is allowed", (_, success, failure) => {
    expect(() => check(success, failure)).not.toThrow();
  });

  test("128 operations, those around it counted", () => {
    expect(() => check(many(128))).not.toThrow();
    expect(() => check(many(129))).toThrow("tooManyOperations");
    expect(() => check([txn(many(127))])).not.toThrow();
    expect(() => check([txn(many(128))])).toThrow("tooManyOperations");
  });

  test("each operation makes sense by itself", () => {
    expect(() => check([put("")])).toThrow("emptyKey");
    expect(() => check([txn([get("")])])).toThrow("emptyKey");
    expect(() => check([remove("")])).toThrow("emptyKey");
    expect(() => check([create(RequestOpSchema)])).toThrow("keyNotFound");
    expect(() => checkTxn(create(TxnRequestSchema, { compare: [{}] }))).toThrow("emptyKey");
  });
});
