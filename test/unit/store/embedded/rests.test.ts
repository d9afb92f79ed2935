// What pages leave: counted once, and as a count of all would have it.

import { expect, test } from "vitest";
import { intervalOf } from "../../../../host/store/embedded/interval.ts";
import { Rests } from "../../../../host/store/embedded/rests.ts";
import { ask, bytes, engineOf, put } from "./asking.ts";

const NAMES = ["a", "b", "c", "d", "e", "f", "g"];
const END = bytes("\0");

test("each page counts what is left, at its revision, whatever changes meanwhile", () => {
  const { engine } = engineOf();
  for (const name of NAMES) put(engine, `${name}1`);
  const counts: bigint[] = [];
  let [key, revision] = [bytes("a"), 0n];
  for (;;) {
    const page = ask(engine, "range", { key, rangeEnd: END, revision, limit: 2n });
    counts.push(page.count);
    revision ||= page.header?.revision ?? 0n;
    if (!page.more) break;
    key = Buffer.concat([page.kvs[page.kvs.length - 1].key, Buffer.alloc(1)]);
    put(engine, "z1");
    ask(engine, "deleteRange", { key: bytes("f1") });
  }
  expect(counts).toEqual([7n, 5n, 3n, 1n]);
  // Now is another revision, and another end another interval.
  expect(ask(engine, "range", { key: bytes("c"), rangeEnd: END, limit: 1n }).count).toBe(5n);
  engine.close();
});

test("what a refused transaction saw is forgotten", () => {
  const { engine } = engineOf();
  for (const name of NAMES) put(engine, `${name}1`);
  const { rests } = engine.keys;
  const interval = intervalOf(bytes("a"), END);
  rests.note(interval, bytes("b"), 8n, 99n);
  expect(() => ask(engine, "compact", { revision: 100n })).toThrow();
  expect(rests.take(intervalOf(bytes("b\0"), END), 8n)).toBeUndefined();
  engine.close();
});

test("no more readers are remembered than there may be, the longest first to go", () => {
  const rests = new Rests();
  const interval = intervalOf(bytes("a"), END);
  for (let n = 0; n < 65; n++) rests.note(interval, bytes(`b${n}`), 8n, BigInt(n));
  expect(rests.take(intervalOf(bytes("b0\0"), END), 8n)).toBeUndefined();
  expect(rests.take(intervalOf(bytes("b64\0"), END), 8n)).toBe(64n);
  expect(rests.take(intervalOf(bytes("b64\0"), END), 8n)).toBeUndefined();
  expect(rests.take(intervalOf(bytes("b63\0"), bytes("c")), 8n)).toBeUndefined();
});
