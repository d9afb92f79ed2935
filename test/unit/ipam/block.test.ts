import { describe, expect, test } from "vitest";
import {
  type Block,
  bitsOf,
  blockAround,
  contains,
  covers,
  formatAddress,
  formatBlock,
  lastOf,
  overlaps,
  parseAddress,
  parseBlock,
  readBlock,
  refusedAs,
  sizeOf,
} from "../../../host/ipam/block.ts";
import { UsageError, ValueError } from "../../../host/model/errors.ts";
import { canonicalIp } from "../../../host/model/ip.ts";
import fc from "../../oracle/property.ts";
import { anyBlock, anyFamily, smallBlock } from "./arbitrary.ts";

describe("addresses", () => {
  test.each([
    ["0.0.0.0", 4, 0n],
    ["10.0.1.2", 4, 0x0a000102n],
    ["255.255.255.255", 4, 0xffffffffn],
    ["::ffff:10.0.1.2", 4, 0x0a000102n],
    ["::1", 6, 1n],
    ["fd00::a:b", 6, 0xfdn * 2n ** 120n + 0xa000bn],
  ])("%s", (text, family, value) => {
    expect(parseAddress(text)).toEqual({ family, value });
  });

  test("numbers survive text, which is canonical", () => {
    fc.assert(
      fc.property(anyFamily, fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), (family, bits) => {
        // ::ffff:0:0/96 is IPv4 (host/model/ip.ts).
        fc.pre(family === 4 || bits >> 32n !== 0xffffn);
        const value = BigInt.asUintN(bitsOf(family), bits);
        const text = formatAddress(family, value);
        expect(canonicalIp(text)).toBe(text);
        expect(parseAddress(text)).toEqual({ family, value });
      }),
    );
  });

  test.each(["", "10.0.0", "256.0.0.1", "010.0.0.1", "1.2.3.4.5", "fe80::1%eth0"])("%j is none", (text) => {
    expect(() => parseAddress(text)).toThrow(ValueError);
  });
});

describe("blocks", () => {
  test("hold their addresses, and no others", () => {
    fc.assert(
      fc.property(anyBlock, fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), (block, bits) => {
        const value = BigInt.asUintN(bitsOf(block.family), bits);
        const inside = blockAround(block.family, value, block.prefixLength).first === block.first;
        expect(contains(block, { family: block.family, value })).toBe(inside);
        expect(contains(block, { family: block.family, value: block.first })).toBe(true);
        expect(contains(block, { family: block.family, value: lastOf(block) })).toBe(true);
        expect(contains(block, { family: block.family === 4 ? 6 : 4, value: block.first })).toBe(false);
        expect(lastOf(block) - block.first + 1n).toBe(sizeOf(block));
      }),
    );
  });

  test("overlap when an address is in both; one covers the other then", () => {
    const members = ({ first, prefixLength, family }: Block) => {
      const all = Array.from({ length: Number(sizeOf({ family, first, prefixLength })) }, (_, index) => first + BigInt(index));
      return new Set(all.map((value) => `${family} ${value}`));
    };
    fc.assert(
      fc.property(smallBlock, smallBlock, (a, b) => {
        const [ofA, ofB] = [members(a), members(b)];
        expect(overlaps(a, b)).toBe(!ofA.isDisjointFrom(ofB));
        expect(covers(a, b)).toBe(ofB.isSubsetOf(ofA));
        expect(overlaps(a, b)).toBe(covers(a, b) || covers(b, a));
      }),
    );
  });

  test("survive text", () => {
    fc.assert(
      fc.property(anyBlock, (block) => {
        fc.pre(block.family === 4 || block.first >> 32n !== 0xffffn);
        expect(readBlock(formatBlock(block))).toEqual({ ...block, exact: true });
      }),
    );
  });

  test("with host bits are read, and refused from people, with what they meant", () => {
    expect(readBlock("10.0.0.5/24")).toEqual({ family: 4, first: 0x0a000000n, prefixLength: 24, exact: false });
    expect(() => parseBlock("subnet", "10.0.0.5/24")).toThrow("invalid subnet 10.0.0.5/24: it should be 10.0.0.0/24");
    expect(() => parseBlock("ip-range", "fd00::1/64")).toThrow("invalid ip-range fd00::1/64: it should be fd00::/64");
  });

  test.each([
    ["10.0.0.0", "is not a subnet (expected e.g. 10.0.0.0/24)"],
    ["10.0.0.0/33", "the prefix length is more than 32"],
    ["fd00::/129", "the prefix length is more than 128"],
    ["10.0.0/24", "is not an IP address"],
    ["/24", "is not a subnet"],
  ])("%s is none", (text, message) => {
    expect(() => parseBlock("subnet", text)).toThrow(UsageError);
    expect(() => parseBlock("subnet", text)).toThrow(message);
  });
});

test("only a bad value is the user's fault", () => {
  const failing = (error: Error) => () =>
    refusedAs("here", () => {
      throw error;
    });
  expect(failing(new ValueError("x"))).toThrow(new UsageError("here: x"));
  expect(failing(new RangeError("x"))).toThrow(RangeError);
});
