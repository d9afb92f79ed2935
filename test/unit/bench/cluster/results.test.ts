import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Results, readResults } from "../../../../bench/cluster/results.ts";
import { writeFigures } from "../../../../bench/figures-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weft-results-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("what was written is read; no file is no results", () => {
  const file = join(folder, "deep", "cluster.json");
  expect(readResults(file)).toEqual({ version: 1, parts: {} });
  const machine = { cpu: "", cpus: 1, memoryGiB: 1, kernel: "", node: "", commit: "", date: "", load: 0 };
  const part = { machine, background: [0], seconds: 1, conditions: "", rows: [{ label: "a", values: { ms: [1, 2.5] } }] };
  const all: Results = { version: 1, parts: { store: part } };
  writeFigures(file, all);
  expect(readResults(file)).toEqual(all);
});

test("another kind of file is told with its place", () => {
  const file = join(folder, "cluster.json");
  writeFileSync(file, "no JSON");
  expect(() => readResults(file)).toThrow(file);
  writeFileSync(file, '{"version":1,"parts":{"store":{}}}');
  expect(() => readResults(file)).toThrow("not a file of results of this version: parts.store.machine");
});
