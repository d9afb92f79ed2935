import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tryLock } from "../../../host/sys/flock.ts";

test("one open file has the lock at a time; closing it gives it back", () => {
  const directory = mkdtempSync(join(tmpdir(), "weft-flock-"));
  const path = join(directory, "lock");
  const [first, second] = [openSync(path, "a"), openSync(path, "a")];
  try {
    expect(tryLock(first, path)).toBe(true);
    expect(tryLock(first, path)).toBe(true);
    expect(tryLock(second, path)).toBe(false);
    closeSync(first);
    expect(tryLock(second, path)).toBe(true);
  } finally {
    closeSync(second);
    rmSync(directory, { recursive: true });
  }
  expect(() => tryLock(-1, path)).toThrow(`flock ${path}: `);
});
