// What is done to a store that nobody runs.

import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { setIdentity } from "../../../../host/store/embedded/offline.ts";
import { engineOf, list, put } from "./asking.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weft-offline-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a snapshot is a store; with another cluster id it is another one, with the same content", () => {
  const { engine } = engineOf({ file: join(folder, "store.db") });
  put(engine, "a", "1");
  const copy = join(folder, "copy.db");
  engine.snapshot(copy);
  put(engine, "b", "2");
  expect(() => engine.snapshot(copy)).toThrow(/exists/);
  expect(statSync(copy).mode & 0o777).toBe(0o600);
  setIdentity(copy, 77n);
  const { engine: restored } = engineOf({ file: copy });
  expect([restored.identity.clusterId, restored.revision, list(restored)]).toEqual([77n, 2n, ["a=1"]]);
  expect(restored.identity.memberId).toBe(engine.identity.memberId);
  expect(() => setIdentity(join(folder, "store.db"), 1n)).toThrow(/in use by process \d+/);
  engine.close();
  restored.close();
});

test("a store that is not there is not made", () => {
  const file = join(folder, "none.db");
  expect(() => setIdentity(file, 1n)).toThrow(`store ${file}: no such file or directory`);
  expect(existsSync(file)).toBe(false);
});
