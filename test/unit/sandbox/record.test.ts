import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { addRecord, changeRecord, readRecords, removeRecord } from "../../../host/sandbox/record.ts";
import { aRecord } from "./a-record.ts";

let root: string;
let broken: string[];
beforeEach(() => {
  root = join(mkdtempSync(join(tmpdir(), "weft-records-")), "containers");
  broken = [];
});
afterEach(() => rmSync(join(root, ".."), { recursive: true }));

const read = () => readRecords(root, (directory, why) => broken.push(`${directory}: ${why}`));

test("what was added and changed is read again, and only the owner may read it", () => {
  expect(read()).toEqual([]);
  const record = aRecord({ environment: ["KEY=secret"] });
  addRecord(root, record);
  expect(read()).toEqual([record]);
  changeRecord(root, { ...record, removing: true });
  expect(read()).toEqual([{ ...record, removing: true }]);
  expect(statSync(root).mode & 0o077).toBe(0);
  expect(statSync(join(root, record.id)).mode & 0o077).toBe(0);
  expect(broken).toEqual([]);
});

test("a removed one is gone with its files, and may be removed again", () => {
  const record = aRecord();
  addRecord(root, record);
  removeRecord(root, record.id);
  removeRecord(root, record.id);
  expect(read()).toEqual([]);
  expect(readdirSync(root)).toEqual([]);
});

test("what was cut short in the middle is swept, and can be done again", () => {
  const record = aRecord();
  mkdirSync(join(root, `.coming-${record.id}`, "log"), { recursive: true });
  mkdirSync(join(root, `.going-${record.id}`, "log"), { recursive: true });
  addRecord(root, record);
  mkdirSync(join(root, `.coming-${record.id}`));
  expect(read()).toEqual([record]);
  expect(readdirSync(root)).toEqual([record.id]);
});

test("what could not be swept is swept with the next that comes or goes", () => {
  const [a, b] = ["aa", "bb"].map((two) => two.repeat(32));
  const leave = () => {
    for (const half of [".coming-", ".going-"]) mkdirSync(join(root, `${half}${"cc".repeat(32)}`, "log"), { recursive: true });
  };
  addRecord(root, aRecord({ id: a }));
  leave();
  addRecord(root, aRecord({ id: b }));
  expect(readdirSync(root)).toEqual([a, b]);
  leave();
  removeRecord(root, a);
  expect(readdirSync(root)).toEqual([b]);
});

test("one that cannot be written leaves nothing", () => {
  const record = aRecord();
  // A directory that is not empty cannot be replaced by one.
  mkdirSync(join(root, record.id, "in the way"), { recursive: true });
  expect(() => addRecord(root, record)).toThrow();
  expect(readdirSync(root)).toEqual([record.id]);
});

test("a record that cannot be read is told of, and left alone", () => {
  const [a, b, c] = ["aa", "bb", "cc"].map((two) => two.repeat(32));
  for (const id of [a, b]) mkdirSync(join(root, id), { recursive: true });
  writeFileSync(join(root, a, "config.json"), "{");
  mkdirSync(join(root, "lost+found"));
  addRecord(root, aRecord({ id: c }));
  expect(read().map(({ id }) => id)).toEqual([c]);
  expect(broken).toHaveLength(2);
  expect(readdirSync(root)).toHaveLength(4);
});
