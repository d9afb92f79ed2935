// `npm run check`: everything that needs neither root nor the network, one step after another. Every step runs even when an earlier one
// failed (so one run tells all), except that nothing runs on a core that does not build. With --static the test tiers are left out.

import { spawnSync } from "node:child_process";
import { dirname } from "node:path";

const root = dirname(import.meta.dirname);

interface Step {
  name: string;
  command: string;
  /** Only run without --static. */
  tests?: boolean;
}

const steps: Step[] = [
  { name: "build", command: "node scripts/build.ts" },
  { name: "types", command: "tsc -p ." },
  { name: "lint and format", command: "biome check --error-on-warnings" },
  { name: "lint and format of the packet core", command: "node scripts/lint-assembly.ts" },
  { name: "layers", command: "node scripts/layers.ts" },
  { name: "dead code", command: "knip --no-progress" },
  { name: "Debian packages that tests ask for", command: "node scripts/debian.ts", tests: true },
  { name: "style, unit and contract tests", command: "node scripts/test.ts style unit contract", tests: true },
];

const failed: string[] = [];
for (const step of steps) {
  if (step.tests && process.argv.includes("--static")) continue;
  const begin = performance.now();
  console.log(`── ${step.name}`);
  const { status } = spawnSync(step.command, { cwd: root, shell: true, stdio: "inherit" });
  console.log(`${status === 0 ? "ok" : "FAILED"}: ${step.name} (${((performance.now() - begin) / 1000).toFixed(1)} s)`);
  if (status !== 0) failed.push(step.name);
  if (status !== 0 && step.name === "build") break;
}
if (failed.length > 0) {
  console.error(`check failed: ${failed.join(", ")}`);
  process.exitCode = 1;
}
