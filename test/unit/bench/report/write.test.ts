import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { unfit, writeReadme } from "../../../../bench/report/write.ts";
import { sampleResults } from "../results.ts";

const PAGE = "# weft\n<!-- bench:begin -->\nold\n<!-- bench:end -->\n";
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "weft-readme-"));
  writeFileSync(join(root, "README.md"), PAGE);
});
afterEach(() => rmSync(root, { recursive: true }));

test("writes the page and its charts", async () => {
  const files = await writeReadme([sampleResults()], root);
  expect(files).toEqual(["docs/figures/bench-core-whole.svg", "docs/results.md", "README.md"].map((file) => join(root, file)));
  for (const file of ["README.md", "docs/results.md"]) {
    const page = readFileSync(join(root, file), "utf8");
    expect(page).toContain("×0.80");
    const charts = [...page.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map(([, target]) => join(root, dirname(file), target));
    expect(charts).toHaveLength(1);
    for (const chart of charts) expect(existsSync(chart)).toBe(true);
  }
});

test("figures of a busy machine stay out of the page", async () => {
  const noisy = sampleResults({ background: [0.01, 0.9, 0.02] });
  expect(unfit(noisy)).toContain("0.90 CPUs");
  await expect(writeReadme([noisy], root)).rejects.toThrow("README.md was not written");
  expect(readFileSync(join(root, "README.md"), "utf8")).toBe(PAGE);
  expect(existsSync(join(root, "docs"))).toBe(false);
});
