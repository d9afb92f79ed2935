// In a thread of its own: what is tested stays with the thread.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { allowedCpus } from "../../../host/sys/affinity.ts";

const MODULE = new URL("../../../host/sys/affinity.ts", import.meta.url).href;

/** What a new thread may use before and after it was told to stay on its `index`-th CPU. */
async function pinned(index: number): Promise<{ before: number[]; cpu: number; after: number[] }> {
  const program = `import { parentPort } from "node:worker_threads";
    const { allowedCpus, stayOnCpu } = await import(${JSON.stringify(MODULE)});
    const before = allowedCpus();
    const cpu = stayOnCpu(${index});
    parentPort.postMessage({ before, cpu, after: allowedCpus() });`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`));
  const ended = once(worker, "exit");
  const [message] = await once(worker, "message");
  await ended;
  return message;
}

test("a thread stays on the CPU that its number gives, and the others where they were", { timeout: 120_000 }, async () => {
  const mine = allowedCpus();
  expect(mine.length).toBeGreaterThan(0);
  for (const index of [0, 5 * mine.length + 1]) {
    const { before, cpu, after } = await pinned(index);
    expect(before).toEqual(mine);
    expect(cpu).toBe(mine[index % mine.length]);
    expect(after).toEqual([cpu]);
  }
  expect(allowedCpus()).toEqual(mine);
});
