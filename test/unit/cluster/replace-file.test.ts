import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { replaceFile } from "../../../host/cluster/replace-file.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-replace-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("a file is replaced whole, with the mode asked for, whatever a crash left", () => {
  const path = join(directory, "key.pem");
  writeFileSync(path, "old", { mode: 0o644 });
  writeFileSync(`${path}.new`, "half", { mode: 0o644 });
  chmodSync(`${path}.new`, 0o644);
  replaceFile(path, "new", 0o600);
  expect(readFileSync(path, "utf8")).toBe("new");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(directory)).toEqual(["key.pem"]);
  replaceFile(path, new Uint8Array([0, 255]), 0o600);
  expect(readFileSync(path)).toEqual(Buffer.from([0, 255]));
});

test("what cannot be written is named, and nothing is left", () => {
  expect(() => replaceFile(join(directory, "no", "such"), "x", 0o600)).toThrow(/no\/such: cannot be written: no such file or directory/i);
  expect(() => replaceFile(directory, "x", 0o600)).toThrow(/cannot be written/);
  expect(readdirSync(directory)).toEqual([]);
});
