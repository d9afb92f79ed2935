import { expect, test } from "vitest";
import { allocators } from "../../../../bench/memory/profile.ts";
import type { SamplingNode } from "../../../../bench/memory/protocol.ts";

const node = (functionName: string, url: string, lineNumber: number, selfSize: number, ...children: SamplingNode[]): SamplingNode => ({
  callFrame: { functionName, url, lineNumber },
  selfSize,
  children,
});

test("sums a function over all paths and threads, largest first, and names its place", () => {
  const read = node("read", "file:///anywhere/host/sys/tap-reader.ts", 43, 300);
  const first = node("(root)", "", -1, 0, node("run", "file:///anywhere/host/worker/breath.ts", 66, 16, read), node("", "", -1, 7));
  const second = node("(root)", "", -1, 0, node("stop", "node:v8", 481, 5000), read);
  expect(allocators([{ head: first }, { head: second }])).toEqual([
    { place: "read host/sys/tap-reader.ts:44", bytes: 600 },
    { place: "run host/worker/breath.ts:67", bytes: 16 },
    { place: "(anonymous)", bytes: 7 },
  ]);
  expect(allocators([])).toEqual([]);
});
