// The test tiers, each a folder that mirrors the sources. Style, unit and contract files run side by side and need no root. The netns
// tier makes namespaces, devices and sockets on the real kernel: it runs last, alone, one file at a time.

import { defineConfig } from "vitest/config";

/** As long as lab/wait.ts has patience, not Vitest's one second: the machine may be busy. */
const patient = { poll: { timeout: 10_000 } };

const quick = (name: string) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    expect: patient,
    maxWorkers: "100%",
    // Not 0: there Vitest sets tiers with one worker aside, and would run these behind netns on a machine with one core.
    sequence: { groupOrder: 1 },
  },
});

export default defineConfig({
  test: {
    pool: "forks",
    passWithNoTests: false,
    teardownTimeout: 60_000,
    projects: [
      quick("style"),
      quick("unit"),
      quick("contract"),
      {
        test: {
          name: "netns",
          include: ["test/netns/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: patient,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
