// Random blocks.

import { type Block, bitsOf, blockAround } from "../../../host/ipam/block.ts";
import type { Family } from "../../../host/model/ip.ts";
import fc from "../../oracle/property.ts";

export const anyFamily: fc.Arbitrary<Family> = fc.constantFrom(4, 6);

export const anyBlock: fc.Arbitrary<Block> = fc
  .tuple(anyFamily, fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), fc.nat(128))
  .map(([family, bits, length]) => blockAround(family, BigInt.asUintN(bitsOf(family), bits), length % (bitsOf(family) + 1)));

/** Few addresses, close together, so that they often meet. */
export const smallBlock: fc.Arbitrary<Block> = fc
  .tuple(anyFamily, fc.nat(63), fc.nat(6))
  .map(([family, offset, hostBits]) => blockAround(family, BigInt(offset) + 0x0a000000n, bitsOf(family) - hostBits));
