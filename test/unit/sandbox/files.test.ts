import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readJson } from "../../../host/sandbox/files.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-files-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("JSON is read; no file is undefined, and nonsense is told", () => {
  expect(readJson(join(directory, "f"))).toBeUndefined();
  writeFileSync(join(directory, "f"), '{"a":1}');
  expect(readJson(join(directory, "f"))).toEqual({ a: 1 });
  writeFileSync(join(directory, "f"), '{"a"');
  expect(() => readJson(join(directory, "f"))).toThrow(SyntaxError);
});
