import { expect, test } from "vitest";
import { H_HASH_KEY, HEADER } from "../../../assembly/abi/layout.ts";
import { mix } from "../../oracle/hash.ts";
import { Probe } from "../../oracle/probe.ts";
import { Random, seed } from "../../oracle/random.ts";

const probe = new Probe();

test(`mix is SplitMix64's finaliser (seed ${seed})`, () => {
  const random = new Random();
  // The first outputs of SplitMix64 seeded with 0, from its reference implementation: mix(n × the golden gamma).
  const gamma = 0x9e3779b97f4a7c15n;
  const reference = [0xe220a8397b1dcdafn, 0x6e789e6aa1b965f4n, 0x06c45d188009454fn];
  expect(reference.map((_, i) => probe.u64("mix", (gamma * BigInt(i + 1)) & (2n ** 64n - 1n)))).toEqual(reference);
  for (let i = 0; i < 1000; i++) {
    const value = (BigInt(random.u32()) << 32n) | BigInt(random.u32());
    expect(probe.u64("mix", value)).toBe(mix(value));
  }
});

test("each start has a key of its own", () => {
  const keys = Array.from({ length: 4 }, () => new Probe()).map((one) => {
    expect(one.u64("hashKey")).toBe(one.view.getBigUint64(HEADER + H_HASH_KEY, true));
    return one.u64("hashKey");
  });
  expect(new Set(keys).size).toBe(4);
});
