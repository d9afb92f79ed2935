// Ranges: limit, order, filters. (Random ones are compared with the obvious in engine.test.ts.)

import { afterAll, describe, expect, test } from "vitest";
import { checkRange, compareIntegers } from "../../../../host/store/embedded/range.ts";
import {
  RangeRequest_SortOrder as Order,
  type RangeRequest,
  RangeRequest_SortTarget as Target,
} from "../../../../host/store/generated/rpc_pb.js";
import { ask, bytes, engineOf, list, put, text } from "./asking.ts";

const { engine } = engineOf();
for (const [key, value] of ["c3", "a2", "b1", "a4"]) put(engine, key, value); // revisions 2 to 5
afterAll(() => engine.close());

const range = (fields: object) => ask(engine, "range", { key: bytes("\0"), rangeEnd: bytes("\0"), ...fields });

test("a limit gives the first, says that there are more, and counts all", () => {
  const { kvs, more, count } = range({ limit: 2n });
  expect([kvs.map(({ key }) => text(key)), more, count]).toEqual([["a", "b"], true, 3n]);
  expect(range({ limit: 3n })).toMatchObject({ more: false, count: 3n });
  expect(range({ limit: 2n, revision: 3n })).toMatchObject({ more: false, count: 2n });
  expect(range({ limit: 1n, revision: 3n })).toMatchObject({ more: true, count: 2n });
  expect(range({ countOnly: true, limit: 1n })).toMatchObject({ kvs: [], more: false, count: 3n });
});

describe("order", () => {
  test.each([
    [Target.KEY, Order.DESCEND, ["c=3", "b=1", "a=4"]],
    [Target.VERSION, Order.DESCEND, ["a=4", "b=1", "c=3"]],
    [Target.CREATE, Order.ASCEND, ["c=3", "a=4", "b=1"]],
    [Target.MOD, Order.DESCEND, ["a=4", "b=1", "c=3"]],
    [Target.VALUE, Order.ASCEND, ["b=1", "c=3", "a=4"]],
    [Target.VALUE, Order.NONE, ["b=1", "c=3", "a=4"]],
  ])("target %i, order %i: %j", (sortTarget, sortOrder, sorted) => {
    expect(list(engine, { sortTarget, sortOrder })).toEqual(sorted);
  });

  test("the limit is of what was sorted, and values count though they are not asked for", () => {
    const { kvs } = range({ sortTarget: Target.VALUE, sortOrder: Order.DESCEND, limit: 1n, keysOnly: true });
    expect(kvs.map(({ key, value }) => [text(key), value.length])).toEqual([["a", 0]]);
  });
});

test("filters leave out, the count does not", () => {
  const names = ({ kvs }: { kvs: { key: Uint8Array }[] }) => kvs.map(({ key }) => text(key));
  expect(names(range({ minModRevision: 4n }))).toEqual(["a", "b"]);
  expect(names(range({ maxModRevision: 4n, minCreateRevision: 3n }))).toEqual(["b"]);
  const { count, more, kvs } = range({ maxCreateRevision: 3n, limit: 1n });
  expect([count, more, kvs.length]).toEqual([3n, true, 1]);
});

test("an order that there is not is refused", () => {
  const request = (fields: object) => ({ key: bytes("a"), sortOrder: 0, sortTarget: 0, ...fields }) as RangeRequest;
  expect(() => checkRange(request({ sortOrder: 3 }))).toThrow("invalidSortOption");
  expect(() => checkRange(request({ sortTarget: 5 }))).toThrow("invalidSortOption");
  expect(() => checkRange(request({ key: bytes("") }))).toThrow("emptyKey");
  expect(() => checkRange(request({}))).not.toThrow();
});

test("integers of any size have an order", () => {
  expect([compareIntegers(1n, 2n ** 62n), compareIntegers(-1n, -1n), compareIntegers(0n, -1n)]).toEqual([-1, 0, 1]);
});
