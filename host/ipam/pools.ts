// Subnets for networks that ask for none: the lowest that is free of the cluster's pools, and a random one of IPv6's unique local addresses
// (RFC 4193). Pure.

import { type Block, bitsOf, blockAround, lastOf, overlaps, readBlock, sizeOf } from "./block.ts";

/** RFC 4193 section 3.1: fc00::/7 with the L bit set. */
const ULA_FIRST_BYTE = 0xfd;
/** 40 bits of global id and 16 of subnet id. */
const ULA_RANDOM_BYTES = 7;
const ULA_PREFIX_LENGTH = 64;
/** Random ULAs that are tried: one that is taken is as good as never met. */
const ULA_TRIES_MAX = 16;

export interface Pool {
  base: string;
  /** Prefix length of the subnets that it is cut into. */
  size: number;
}

/** The lowest subnet of the pools, in their order, that overlaps nothing of `taken`; null when all are used up. */
export function nextSubnet(pools: readonly Pool[], taken: readonly Block[]): Block | null {
  for (const { base, size } of pools) {
    const pool = readBlock(base);
    const within = taken.filter((block) => overlaps(block, pool)).sort((a, b) => (a.first < b.first ? -1 : 1));
    const step = 1n << BigInt(bitsOf(pool.family) - size);
    let first = pool.first;
    for (const block of within) {
      if (block.first > first + step - 1n) break;
      // Aligned, and beyond this one.
      if (lastOf(block) >= first) first = pool.first + ((lastOf(block) - pool.first) / step + 1n) * step;
    }
    if (first + step - 1n <= lastOf(pool)) return { family: pool.family, first, prefixLength: size };
  }
  return null;
}

/** How many subnets the pools are cut into. */
export function subnetsOf(pools: readonly Pool[]): number {
  return pools.reduce((sum, { base, size }) => {
    const pool = readBlock(base);
    return sum + Number(sizeOf(pool) >> BigInt(bitsOf(pool.family) - size));
  }, 0);
}

/** A /64 of unique local addresses that overlaps nothing of `taken`; null if chance would have it that none was found. */
export function randomUla(random: (bytes: number) => Uint8Array, taken: readonly Block[]): Block | null {
  for (let tries = 0; tries < ULA_TRIES_MAX; tries++) {
    const head = BigInt(`0x${Buffer.from([ULA_FIRST_BYTE, ...random(ULA_RANDOM_BYTES)]).toString("hex")}`);
    const block = blockAround(6, head << 64n, ULA_PREFIX_LENGTH);
    if (!taken.some((other) => overlaps(block, other))) return block;
  }
  return null;
}
