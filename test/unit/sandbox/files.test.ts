import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFile, readJson, replaceFile } from "../../../host/sandbox/files.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-files-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("a file is replaced as a whole, and nothing else is left", () => {
  const path = join(directory, "f");
  replaceFile(path, "one");
  replaceFile(path, "two");
  expect(readFileSync(path, "utf8")).toBe("two");
  expect(readdirSync(directory)).toEqual(["f"]);
});

test("of several who make a file, the first makes it", () => {
  const path = join(directory, "f");
  expect(createFile(path, "one")).toBe(true);
  expect(createFile(path, "two")).toBe(false);
  expect(readFileSync(path, "utf8")).toBe("one");
  expect(readdirSync(directory)).toEqual(["f"]);
});

test("what cannot be written leaves nothing", () => {
  expect(() => replaceFile(join(directory, "no", "f"), "x")).toThrow(/no\/f: cannot be written: no such file or directory/);
  expect(() => replaceFile(directory, "x")).toThrow(`${directory}: cannot be written: `);
  expect(readdirSync(directory)).toEqual([]);
});

test("JSON is read; no file is undefined, and nonsense is told", () => {
  expect(readJson(join(directory, "f"))).toBeUndefined();
  writeFileSync(join(directory, "f"), '{"a":1}');
  expect(readJson(join(directory, "f"))).toEqual({ a: 1 });
  writeFileSync(join(directory, "f"), '{"a"');
  expect(() => readJson(join(directory, "f"))).toThrow(SyntaxError);
});
