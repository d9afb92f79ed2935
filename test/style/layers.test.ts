// Imports flow one way: scripts/layers.ts has the rooms, what each may import, and why.

import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { imports, root } from "../../scripts/sources.ts";

test("imports flow one way", () => {
  const { stdout, stderr, status } = spawnSync(process.execPath, ["scripts/layers.ts"], { cwd: root, encoding: "utf8" });
  expect(stderr).toBe("");
  expect(stdout).toMatch(/^layers: \d+ files, 0 complaints$/m);
  expect(status).toBe(0);
});

test("the scan sees every kind of import", () => {
  const text = [
    'import { a } from "./a.ts";',
    'import type { B } from "../b.ts";',
    'export * from "./c.ts";',
    'export { d } from "./d.ts";',
    'const e = await import("./e.ts");',
    'import koffi from "koffi";',
    'const f = new URL("./f.ts", import.meta.url);',
    "@inline function f(): void {}",
  ].join("\n");
  expect(imports("host/x/y.ts", text)).toEqual([
    { specifier: "./a.ts", file: "host/x/a.ts" },
    { specifier: "../b.ts", file: "host/b.ts" },
    { specifier: "koffi", file: null },
    { specifier: "./c.ts", file: "host/x/c.ts" },
    { specifier: "./d.ts", file: "host/x/d.ts" },
    { specifier: "./e.ts", file: "host/x/e.ts" },
    { specifier: "./f.ts", file: "host/x/f.ts" },
  ]);
});
