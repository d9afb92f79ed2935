import { describe, expect, test } from "vitest";
import { type Block, formatBlock, overlaps, readBlock } from "../../../host/ipam/block.ts";
import { nextSubnet, randomUla, subnetsOf } from "../../../host/ipam/pools.ts";
import fc from "../../oracle/property.ts";
import { Random, seed } from "../../oracle/random.ts";
import { smallBlock } from "./arbitrary.ts";

/** All subnets of a pool, in order. */
function naive(base: string, size: number): Block[] {
  const pool = readBlock(base);
  return Array.from({ length: 2 ** (size - pool.prefixLength) }, (_, index) => ({
    family: pool.family,
    first: pool.first + BigInt(index) * 2n ** BigInt(32 - size),
    prefixLength: size,
  }));
}

describe("the next subnet", () => {
  test("is the first of the pools' that overlaps nothing", () => {
    const pools = [
      { base: "10.0.0.0/26", size: 29 },
      { base: "10.1.0.0/28", size: 30 },
    ];
    const all = pools.flatMap(({ base, size }) => naive(base, size));
    fc.assert(
      fc.property(fc.array(smallBlock, { maxLength: 12 }), (taken) => {
        const expected = all.find((block) => !taken.some((other) => overlaps(block, other)));
        expect(nextSubnet(pools, taken)).toEqual(expected);
      }),
    );
  });

  test("comes to an end", () => {
    const pools = [{ base: "10.0.0.0/26", size: 29 }];
    const taken: Block[] = [];
    for (let block = nextSubnet(pools, taken); block; block = nextSubnet(pools, taken)) taken.push(block);
    expect(taken).toEqual(naive("10.0.0.0/26", 29));
    expect(subnetsOf(pools)).toBe(8);
    expect(subnetsOf([{ base: "10.0.0.0/8", size: 24 }])).toBe(65_536);
    expect(nextSubnet([], [])).toBeNull();
  });
});

describe(`random unique local addresses (seed ${seed})`, () => {
  test("are /64s of fd00::/8, never the same", () => {
    const random = new Random();
    const found = new Set<string>();
    for (let round = 0; round < 50; round++) {
      const block = randomUla((bytes) => random.bytes(bytes), []) as Block;
      expect(block.prefixLength).toBe(64);
      expect(overlaps(block, readBlock("fd00::/8"))).toBe(true);
      found.add(formatBlock(block));
    }
    expect(found.size).toBe(50);
  });

  test("keep clear of what is taken, and give up", () => {
    let asked = 0;
    const stuckOnce = (bytes: number) => new Uint8Array(bytes).fill(asked++ === 0 ? 0 : 1);
    expect(formatBlock(randomUla(stuckOnce, [readBlock("fd00::/64")]) as Block)).toBe("fd01:101:101:101::/64");
    expect(randomUla((bytes) => new Uint8Array(bytes), [readBlock("fd00::/64")])).toBeNull();
  });
});
