import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Book } from "../../../host/sandbox/book.ts";
import { aRecord } from "./a-record.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "weft-book-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const loaded = () => {
  const book = new Book(root);
  book.load(() => {});
  return book;
};
const A = `abcd${"0".repeat(60)}`;
const B = `abce${"0".repeat(60)}`;

test("what was added, changed and removed is so for the next one, oldest first", () => {
  const book = loaded();
  book.add(aRecord({ id: A, name: "late", created: "2026-01-02T00:00:00.000Z" }));
  book.add(aRecord({ id: B, name: "early", created: "2026-01-01T00:00:00.000Z" }));
  book.change(B, { discarded: true });
  expect(loaded().all).toEqual(book.all);
  expect(book.all.map(({ name, discarded }) => [name, discarded])).toEqual([
    ["early", true],
    ["late", false],
  ]);
  book.remove(B);
  expect([book.size, loaded().size, book.has(B)]).toEqual([1, 1, false]);
  expect(() => book.change(B, {})).toThrow("no such container");
});

test("an id comes before a name, a name before the beginning of an id, which must be the only one", () => {
  const book = loaded();
  book.add(aRecord({ id: A, name: "abce" }));
  book.add(aRecord({ id: B, name: A }));
  expect(book.find(A).id).toBe(A);
  expect(book.find("abce").id).toBe(A);
  expect(book.find("abce0").id).toBe(B);
  expect(() => book.find("abc")).toThrow("abc: 2 containers have an id that begins so");
  expect(() => book.find("")).toThrow("no such container: ");
  expect(() => book.find("x")).toThrow("no such container: x");
});
