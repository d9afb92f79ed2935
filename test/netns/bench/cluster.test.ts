// npm run bench:cluster, its shortest: a cluster, a program in its namespace, figures in a file, a table, and nothing left.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { root } from "../../../scripts/sources.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-cluster-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a part is measured and told; what the file had stays", () => {
  const json = join(folder, "cluster.json");
  const bench = (...words: string[]) =>
    spawnSync(process.execPath, ["bench/cluster/run.ts", "--json", json, ...words], { cwd: root, encoding: "utf8" });
  const { stdout, stderr, status, pid } = bench("--parts", "store", "--stores", "embedded", "--seconds", "1");
  expect([status, stderr]).toEqual([0, expect.stringContaining("store: round 3 of 3: embedded, through the front")]);
  expect(stdout).toMatch(/64 writers \(puts\/s\) +│ [\d,]+ \([\d,]+–[\d,]+\)/);
  const { parts } = JSON.parse(readFileSync(json, "utf8"));
  expect(parts.store.rows[0].values.lone.length).toBe(600);
  expect(bench("--report").stdout).toContain("Changes of the state");
  const { stdout: left } = spawnSync("ip", ["netns", "list"], { encoding: "utf8" });
  expect(left).not.toContain(`wt${pid}l`);
});
