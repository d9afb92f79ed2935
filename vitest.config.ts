// The test tiers, each a folder that mirrors the sources (README, "Tests"). Unit, contract and style files run side by side and need
// no root. The netns tier makes namespaces, devices and sockets on the real kernel: it runs last, alone, one file at a time.

import { defineConfig } from "vitest/config";

const quick = (name: string, groupOrder: number) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    sequence: { groupOrder },
  },
});

export default defineConfig({
  test: {
    pool: "forks",
    passWithNoTests: false,
    teardownTimeout: 60_000,
    projects: [
      quick("style", 0),
      quick("unit", 0),
      quick("contract", 0),
      {
        test: {
          name: "netns",
          include: ["test/netns/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
