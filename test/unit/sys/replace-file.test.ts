import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFile, replaceFile, syncDirectory } from "../../../host/sys/replace-file.ts";

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-replace-"));
  path = join(directory, "key.pem");
});
afterEach(() => rmSync(directory, { recursive: true }));

test("a file is replaced whole, and its owner's alone, whatever a crash left", () => {
  writeFileSync(path, "old", { mode: 0o644 });
  writeFileSync(`${path}.new`, "half", { mode: 0o644 });
  chmodSync(`${path}.new`, 0o644);
  replaceFile(path, "new");
  expect(readFileSync(path, "utf8")).toBe("new");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(directory)).toEqual(["key.pem"]);
  replaceFile(path, new Uint8Array([0, 255]));
  expect(readFileSync(path)).toEqual(Buffer.from([0, 255]));
});

test("of several who make a file, the first makes it", () => {
  expect(createFile(path, "one")).toBe(true);
  expect(createFile(path, "two")).toBe(false);
  expect(readFileSync(path, "utf8")).toBe("one");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(directory)).toEqual(["key.pem"]);
});

test("what cannot be written is named, and nothing is left", () => {
  for (const write of [replaceFile, createFile]) {
    expect(() => write(join(directory, "no", "such"), "x")).toThrow(/no\/such: cannot be written: no such file or directory/i);
  }
  expect(() => replaceFile(directory, "x")).toThrow(`${directory}: cannot be written: `);
  expect(readdirSync(directory)).toEqual([]);
  expect(() => syncDirectory(join(directory, "no"))).toThrow(/no such file/i);
});

test("what there is room for in part only leaves the old file as it was", () => {
  writeFileSync(path, "old");
  const module = new URL("../../../host/sys/replace-file.ts", import.meta.url).href;
  const program = `const { replaceFile } = await import("${module}");
    try { replaceFile("${path}", "x".repeat(10_000)); } catch (error) { console.log(error.message); }`;
  // As a disk that is full: write(2) takes what fits, and tells so; only the next one fails. Blocks of 512 bytes.
  const words = ["-c", 'ulimit -f 8; exec "$@"', "sh", process.execPath, "--input-type=module", "-e", program];
  expect(execFileSync("sh", words, { encoding: "utf8" })).toMatch(/key\.pem: cannot be written: file too large/i);
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(directory)).toEqual(["key.pem"]);
});

test("what somebody else has put in the way, in a directory where all may write, is neither written to nor shown anything", () => {
  const elsewhere = join(directory, "elsewhere");
  writeFileSync(elsewhere, "another's");
  for (const write of [replaceFile, createFile]) {
    rmSync(path, { force: true });
    // Followed, this would put the key into a file of another's choice.
    symlinkSync(elsewhere, `${path}.new`);
    write(path, "secret");
    expect([readFileSync(path, "utf8"), lstatSync(path).isFile()]).toEqual(["secret", true]);
    expect(readFileSync(elsewhere, "utf8")).toBe("another's");
    rmSync(path);
    // Kept open by whoever made it, this would show him the key.
    writeFileSync(`${path}.new`, "");
    const kept = openSync(`${path}.new`, "r");
    write(path, "secret");
    expect(readFileSync(kept, "utf8")).toBe("");
    closeSync(kept);
  }
});
