// The store's words in etcd's and back.

import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { bytesOf, entryOf, eventOf, keyAfter, rangeOf, textOf, transactionOf } from "../../../../host/store/client/translate.ts";
import { EventSchema, Event_EventType as Type } from "../../../../host/store/generated/kv_pb.js";
import fc from "../../../oracle/property.ts";

const inRange = (key: Uint8Array, { key: from, rangeEnd }: { key: Uint8Array; rangeEnd: Uint8Array }) =>
  Buffer.compare(key, from) >= 0 && (Buffer.compare(rangeEnd, Buffer.from([0])) === 0 || Buffer.compare(key, rangeEnd) < 0);

test("a prefix's range holds what begins so, and nothing else", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 4 });
  fc.assert(
    fc.property(text, text, (prefix, other) => {
      const range = rangeOf(prefix);
      for (const key of [prefix + other, other]) {
        if (key === "") continue;
        expect(inRange(bytesOf(key), range)).toBe(Buffer.from(key).subarray(0, range.key.length).equals(bytesOf(prefix)) || prefix === "");
      }
    }),
  );
});

test("the empty prefix is everything", () => {
  expect(rangeOf("")).toEqual({ key: new Uint8Array(1), rangeEnd: new Uint8Array(1) });
});

test("between a key and the one after it there is none", () => {
  expect(Buffer.from(keyAfter(bytesOf("a")))).toEqual(Buffer.from("a\0"));
});

test("text survives the way", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(textOf(bytesOf(text))).toBe(text);
    }),
  );
});

test("entries and events", () => {
  const kv = { key: bytesOf("k"), value: bytesOf("v"), createRevision: 1n, modRevision: 3n, version: 2n, lease: 2n ** 62n };
  const event = create(EventSchema, { type: Type.PUT, kv });
  const entry = { key: "k", value: "v", createRevision: 1, modRevision: 3, version: 2, lease: "4611686018427387904" };
  expect(event.kv && entryOf(event.kv)).toEqual(entry);
  expect(eventOf(event)).toEqual({ type: "put", entry });
  expect(eventOf(create(EventSchema, { type: Type.DELETE, kv }))).toEqual({ type: "delete", key: "k", modRevision: 3 });
  expect(() => eventOf(create(EventSchema))).toThrow("an event without a key");
});

test("a transaction's changes, with their lease", () => {
  const { success, compare } = transactionOf(
    [{ key: "a", is: "absent" }],
    [{ put: "a", value: "v", lease: "9223372036854775807" }, { delete: "b" }, { deletePrefix: "c/" }],
  );
  expect(compare.length).toBe(1);
  const [put, one, all] = success.map(({ request }) => request);
  expect(put.case === "requestPut" && put.value.lease).toBe(2n ** 63n - 1n);
  expect(one.case === "requestDeleteRange" && one.value.rangeEnd.length).toBe(0);
  expect(all.case === "requestDeleteRange" && textOf(all.value.rangeEnd)).toBe("c0");
});
