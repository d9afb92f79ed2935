// The pages that are made from the sources are current, and every relative link in the documents leads to a file.

import { spawnSync } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { read, root } from "../../scripts/sources.ts";

test("pages made from the sources are current", () => {
  const { stderr, status } = spawnSync(process.execPath, ["scripts/docs.ts", "--check"], { cwd: root, encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

test("relative links lead somewhere", () => {
  const pages = ["README.md", "CHANGELOG.md", ...globSync("docs/**/*.md", { cwd: root })];
  const dead = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)]
      .filter(([, target]) => !existsSync(join(root, dirname(page), target)))
      .map(([, target]) => `${page}: ${target}`),
  );
  expect(dead).toEqual([]);
});

test("the README has a place for the benchmark's figures", () => {
  expect(read("README.md")).toMatch(/<!-- bench:begin -->\n[\s\S]*<!-- bench:end -->/);
});
