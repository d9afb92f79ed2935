import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { removeStateFiles } from "../../../../host/agent/member/state-files.ts";

test("what is an agent's goes, what is not stays", () => {
  const directory = mkdtempSync(join(tmpdir(), "weft-state-"));
  try {
    for (const name of ["store.db", "store.db-wal", "plan.json", "ports.json", "cluster.json", "notes.txt"])
      writeFileSync(join(directory, name), "");
    for (const name of ["endpoints", "containers"]) mkdirSync(join(directory, name, "x"), { recursive: true });
    removeStateFiles(directory);
    removeStateFiles(directory);
    expect(readdirSync(directory)).toEqual(["notes.txt"]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
