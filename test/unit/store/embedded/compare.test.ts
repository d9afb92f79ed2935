// Compares, one by one: every target and result, of keys that are there and that are not, and of ranges.

import { create } from "@bufbuild/protobuf";
import { afterAll, describe, expect, test } from "vitest";
import { holds } from "../../../../host/store/embedded/compare.ts";
import {
  type Compare,
  CompareSchema,
  Compare_CompareResult as Result,
  Compare_CompareTarget as Target,
} from "../../../../host/store/generated/rpc_pb.js";
import { ask, bytes, engineOf, put } from "./asking.ts";

const { engine } = engineOf();
ask(engine, "leaseGrant", { ID: 7n, TTL: 60n });
put(engine, "a", "1"); // revision 2
put(engine, "a", "2"); // revision 3
put(engine, "b", "2", 7n); // revision 4
afterAll(() => engine.close());

const is = (fields: object) => holds(engine.keys, create(CompareSchema, { key: bytes("a"), ...fields } as Partial<Compare> as never));

describe("one key", () => {
  test.each([
    ["version", Target.VERSION, { case: "version", value: 2n }, { case: "version", value: 1n }],
    ["creation", Target.CREATE, { case: "createRevision", value: 2n }, { case: "createRevision", value: 1n }],
    ["modification", Target.MOD, { case: "modRevision", value: 3n }, { case: "modRevision", value: 2n }],
    ["value", Target.VALUE, { case: "value", value: bytes("2") }, { case: "value", value: bytes("19") }],
  ])("its %s is equal, not equal, greater, less", (_, target, same, smaller) => {
    const results = [Result.EQUAL, Result.NOT_EQUAL, Result.GREATER, Result.LESS];
    expect(results.map((result) => is({ target, result, targetUnion: same }))).toEqual([true, false, false, false]);
    expect(results.map((result) => is({ target, result, targetUnion: smaller }))).toEqual([false, true, true, false]);
  });

  test("its lease", () => {
    expect(is({ target: Target.LEASE, targetUnion: { case: "lease", value: 0n } })).toBe(true);
    expect(is({ key: bytes("b"), target: Target.LEASE, targetUnion: { case: "lease", value: 7n } })).toBe(true);
  });

  test("what is not there has version 0, and no value at all", () => {
    const key = bytes("z");
    expect(is({ key, target: Target.CREATE, targetUnion: { case: "createRevision", value: 0n } })).toBe(true);
    expect(is({ key, target: Target.VALUE, targetUnion: { case: "value", value: bytes("") } })).toBe(false);
    expect(is({ key, target: Target.VALUE, result: Result.NOT_EQUAL, targetUnion: { case: "value", value: bytes("1") } })).toBe(false);
  });

  test("what is not known does not hold", () => {
    expect(is({ result: 9, target: Target.VERSION, targetUnion: { case: "version", value: 2n } })).toBe(false);
  });
});

test("a range holds when all its keys do", () => {
  const range = { rangeEnd: bytes("\0") };
  expect(is({ ...range, target: Target.VALUE, targetUnion: { case: "value", value: bytes("2") } })).toBe(true);
  expect(is({ ...range, target: Target.VERSION, targetUnion: { case: "version", value: 2n } })).toBe(false);
});
