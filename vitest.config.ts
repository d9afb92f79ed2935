// The test tiers, each a folder that mirrors the sources. Style, unit and contract files run side by side and need no root. The netns tier makes
// namespaces, devices and sockets on the real kernel: it runs last, two files at a time, then those that measure time beside each other, then what
// nothing may run beside. To Vitest these are three projects: --project 'netns*'.

import { existsSync } from "node:fs";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** As long as lab/wait.ts has patience, not Vitest's one second: the machine may be busy. */
const patient = { poll: { timeout: 10_000 } };

const files = (tier: string, names: string) =>
  names.split(" ").map((name) => {
    const file = `test/${tier}/${name}.test.ts`;
    if (!existsSync(new URL(file, import.meta.url))) throw new Error(`${file} is named here, and is not there`);
    return file;
  });

/** Alone: they flood (packets of all namespaces wait in one queue for each CPU, which then loses others'), take all CPUs, or list all namespaces. */
const ALONE = files("netns", "bench bench/run bench/traffic cluster/kill endpoint/containers fuzz load measure/round probe probe-busy");

/** Beside their like: they measure time, and wait for most of it. */
const TIMED = files("netns", "cluster/clock cluster/etcd cluster/main-thread cluster/manager-gone cluster/move cluster/partition");

/** Half a minute and more. One of them begun as the last would keep everybody waiting. */
const LONG = [...files("netns", "bench/peers cluster/manager-gone cluster/partition linux"), ...files("unit", "sim/embedded sim/etcd")];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const long = ({ moduleId }: TestSpecification) => LONG.some((name) => moduleId.endsWith(`/${name}`));
    const sorted = await super.sort(files);
    return [...sorted.filter(long), ...sorted.filter((file) => !long(file))];
  }
}

const quick = (name: string) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: patient,
    maxWorkers: "100%",
    // Not 0: there Vitest sets tiers with one worker aside, and would run these behind netns on a machine with one core.
    sequence: { groupOrder: 1 },
  },
});

const netns = (name: string, groupOrder: number, maxWorkers: number, files: { include: string[]; exclude?: string[] }) => ({
  test: { name, ...files, testTimeout: 120_000, hookTimeout: 120_000, expect: patient, maxWorkers, sequence: { groupOrder } },
});

export default defineConfig({
  test: {
    pool: "forks",
    passWithNoTests: false,
    teardownTimeout: 60_000,
    sequence: { sequencer: LongFirst },
    projects: [
      quick("style"),
      quick("unit"),
      quick("contract"),
      netns("netns", 2, 2, { include: ["test/netns/**/*.test.ts"], exclude: [...ALONE, ...TIMED] }),
      netns("netns-timed", 3, 2, { include: TIMED }),
      netns("netns-alone", 4, 1, { include: ALONE }),
    ],
  },
});
