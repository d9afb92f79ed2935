import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runRestore } from "../../../../host/agent/member/restore.ts";
import { StateDir } from "../../../../host/cluster/state-dir.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-restore-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test.each([
  ["is not there", null],
  ["is no backup", "hello"],
])("a file that %s is refused by name, and no state directory is left", async (_, content) => {
  const file = join(directory, "backup");
  if (content !== null) writeFileSync(file, content);
  const stateDir = join(directory, "state");
  await expect(runRestore({ file, stateDir })).rejects.toThrow(file);
  expect(existsSync(stateDir)).toBe(false);
});

test("a directory that an agent uses is refused by name", async () => {
  const stateDir = join(directory, "state");
  const state = StateDir.open(stateDir);
  try {
    await expect(runRestore({ file: join(directory, "backup"), stateDir })).rejects.toThrow(`state directory ${stateDir}: in use by`);
  } finally {
    state.close();
  }
});
