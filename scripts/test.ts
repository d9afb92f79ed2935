// Runs the test tiers in vitest and closes with one line, `N passed, N failed, N skipped`, counted over all of them.
//
//   node scripts/test.ts                  every tier
//   node scripts/test.ts unit contract    these tiers
//   node scripts/test.ts netns -- -t ping  what follows -- goes to vitest
//
// The counts come from scripts/reporter.ts, which leaves them in a file: vitest prints its own summary when its run ends, and ours must
// stand after it. A run that died before it could count is one failure.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Summary } from "./reporter.ts";

const root = dirname(import.meta.dirname);
const separator = process.argv.indexOf("--");
const tiers = process.argv.slice(2, separator < 0 ? undefined : separator);
const extra = separator < 0 ? [] : process.argv.slice(separator + 1);

const folder = mkdtempSync(join(tmpdir(), "weft-test-"));
const summaryFile = join(folder, "summary.json");
const vitest = spawnSync(
  process.execPath,
  [
    join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    "--reporter=default",
    "--reporter=./scripts/reporter.ts",
    "--allowOnly=false",
    // The netns tier is several projects.
    ...tiers.flatMap((tier) => ["--project", `${tier}*`]),
    ...extra,
  ],
  { cwd: root, stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, WEFT_TEST_SUMMARY: summaryFile } },
);

let summary: Summary;
try {
  summary = JSON.parse(readFileSync(summaryFile, "utf8"));
} catch {
  summary = {
    passed: 0,
    failed: 1,
    skipped: [],
    failures: [`vitest ended (${vitest.signal ?? vitest.status}) before it counted anything`],
  };
}
rmSync(folder, { recursive: true, force: true });
// Vitest sees what no count shows, such as a worker that would not end.
if (vitest.status !== 0 && summary.failed === 0) {
  summary.failed = 1;
  summary.failures.push(`vitest ended with ${vitest.signal ?? `exit code ${vitest.status}`}, though no test failed`);
}

for (const failure of summary.failures) console.log(`failed: ${failure}`);
for (const { name, reason } of summary.skipped) console.log(`skipped: ${name}: ${reason}`);
console.log(`${summary.passed} passed, ${summary.failed} failed, ${summary.skipped.length} skipped`);
process.exitCode = summary.failed === 0 && summary.passed > 0 ? 0 : 1;
