import { beforeEach, describe, expect, test } from "vitest";
import { PAGE_BYTES } from "../../../assembly/abi/limits.ts";
import { S_BATCH_SIZES, S_BREATHS, S_SENDS, S_SOCKET_DROPS, W_STATS } from "../../../assembly/abi/worker.ts";
import { Stats } from "../../../host/worker/stats.ts";

const BLOCK = 4096;
const WORD = 2 ** 32;

describe("the statistics of a worker", () => {
  let stats: Stats;
  let words: BigUint64Array;
  beforeEach(() => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    expect(memory.buffer.byteLength).toBe(PAGE_BYTES);
    stats = new Stats(memory, BLOCK);
    words = new BigUint64Array(memory.buffer, BLOCK + W_STATS, 32);
  });
  const read = (stat: number) => Number(words[stat / 8]);

  test("add up, each by itself", () => {
    stats.add(S_BREATHS, 1);
    stats.add(S_BREATHS, 2);
    stats.add(S_SENDS, 64);
    expect([read(S_BREATHS), read(S_SENDS), read(S_SOCKET_DROPS)]).toEqual([3, 64, 0]);
  });

  test("carry into the upper word", () => {
    stats.set(S_SENDS, WORD - 1);
    stats.add(S_SENDS, 1);
    expect(read(S_SENDS)).toBe(WORD);
    stats.add(S_SENDS, WORD - 1);
    expect(read(S_SENDS)).toBe(2 * WORD - 1);
    stats.add(S_SENDS, 2);
    expect(read(S_SENDS)).toBe(2 * WORD + 1);
    expect(read(S_SENDS + 8)).toBe(0);
  });

  test("are set whole", () => {
    stats.set(S_SOCKET_DROPS, 5 * WORD + 7);
    expect(read(S_SOCKET_DROPS)).toBe(5 * WORD + 7);
    stats.set(S_SOCKET_DROPS, 3);
    expect(read(S_SOCKET_DROPS)).toBe(3);
  });

  test("count a batch in the first bucket that holds its size: 1, 2, 4, … 64", () => {
    for (let size = 1; size <= 64; size++) stats.batch(size);
    const buckets = Array.from({ length: 8 }, (_, i) => read(S_BATCH_SIZES + 8 * i));
    expect(buckets).toEqual([1, 1, 2, 4, 8, 16, 32, 0]);
  });
});
