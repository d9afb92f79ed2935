import { describe, expect, test } from "vitest";
import { AddressSet } from "../../../host/ipam/address-set.ts";
import { formatAddress, formatBlock, parseAddress, readBlock, sizeOf } from "../../../host/ipam/block.ts";
import { capacityOf, chooseAddress, hostsOf, spaceOf, whyReserved } from "../../../host/ipam/space.ts";
import type { SubnetRecord } from "../../../host/model/cluster/records.ts";
import fc from "../../oracle/property.ts";
import { smallBlock } from "./arbitrary.ts";

const record = (subnet: string, gateway: string, changes: Partial<SubnetRecord> = {}): SubnetRecord => ({
  subnet,
  gateway,
  ipRange: null,
  auxAddresses: {},
  ...changes,
});
const number = (ip: string) => parseAddress(ip).value;

test.each([
  ["10.0.0.0/24", "10.0.0.1", "10.0.0.254"],
  ["10.0.0.0/30", "10.0.0.1", "10.0.0.2"],
  ["10.0.0.0/31", "10.0.0.0", "10.0.0.1"],
  ["10.0.0.0/32", "10.0.0.0", "10.0.0.0"],
  ["fd00::/64", "fd00::1", "fd00::ffff:ffff:ffff:ffff"],
  ["fd00::/126", "fd00::1", "fd00::3"],
  ["fd00::/127", "fd00::", "fd00::1"],
])("hosts of %s: %s to %s", (subnet, first, last) => {
  const block = readBlock(subnet);
  const { firstHost, lastHost } = hostsOf(block);
  expect([firstHost, lastHost].map((value) => formatAddress(block.family, value))).toEqual([first, last]);
});

test("what is reserved is told apart", () => {
  const space = spaceOf(record("10.0.0.0/24", "10.0.0.1", { auxAddresses: { nas: "10.0.0.9" } }));
  const why = (ip: string) => whyReserved(space, number(ip));
  expect([why("10.0.0.0"), why("10.0.0.1"), why("10.0.0.9"), why("10.0.0.255"), why("10.0.0.2")]).toEqual([
    "the network's own address",
    "the gateway",
    "auxiliary address nas",
    "the broadcast address",
    null,
  ]);
  expect(whyReserved(spaceOf(record("fd00::/64", "fd00::1")), number("fd00::"))).toBe("the subnet-router anycast address");
});

describe("the choice", () => {
  test("goes round the ip-range, and leaves out what is taken, busy or reserved", () => {
    const space = spaceOf(record("10.0.0.0/24", "10.0.0.10", { ipRange: "10.0.0.8/29", auxAddresses: { nas: "10.0.0.12" } }));
    const taken = new AddressSet();
    taken.add(number("10.0.0.13"));
    const given = [];
    let after: bigint | null = number("10.0.0.13");
    for (let round = 0; round < 6; round++) {
      after = chooseAddress(space, taken, after, (value) => value === number("10.0.0.14"));
      given.push(after && formatAddress(4, after));
    }
    expect(given).toEqual(["10.0.0.15", "10.0.0.8", "10.0.0.9", "10.0.0.11", "10.0.0.15", "10.0.0.8"]);
  });

  test("finds every address of a small subnet once, and then none", () => {
    const arbitrary = smallBlock.chain((block) =>
      fc.record({
        block: fc.constant(block),
        gateway: fc.nat(Number(sizeOf(block)) - 1),
        aux: fc.nat(Number(sizeOf(block)) - 1),
        after: fc.option(fc.nat(Number(sizeOf(block)) - 1)),
      }),
    );
    fc.assert(
      fc.property(arbitrary, ({ block, gateway, aux, after }) => {
        const ip = (offset: number) => formatAddress(block.family, block.first + BigInt(offset));
        const space = spaceOf(record(formatBlock(block), ip(gateway), { auxAddresses: { aux: ip(aux) } }));
        const { total } = capacityOf(space, new AddressSet());
        const taken = new AddressSet();
        let last = after === null ? null : block.first + BigInt(after);
        for (let count = 0; ; count++) {
          expect(capacityOf(space, taken)).toMatchObject({ total, free: total - count });
          const value = chooseAddress(space, taken, last);
          if (value === null) {
            expect(count).toBe(total);
            expect(capacityOf(space, taken).inUse).toBe(Number(sizeOf(block)));
            return;
          }
          expect(whyReserved(space, value)).toBeNull();
          expect(taken.has(value)).toBe(false);
          taken.add(value);
          last = value;
        }
      }),
    );
  });

  test("one that is freed comes back after all others", () => {
    const space = spaceOf(record("10.0.0.0/24", "10.0.0.1"));
    const taken = new AddressSet();
    let last: bigint | null = null;
    const order: string[] = [];
    for (let count = 0; count < 260; count++) {
      last = chooseAddress(space, taken, last);
      if (last === null) break;
      taken.add(last);
      order.push(formatAddress(4, last));
      if (order.length === 100) for (const ip of ["10.0.0.2", "10.0.0.101"]) taken.delete(number(ip));
    }
    expect(order.slice(99, 102)).toEqual(["10.0.0.101", "10.0.0.102", "10.0.0.103"]);
    expect(order.slice(-3)).toEqual(["10.0.0.254", "10.0.0.2", "10.0.0.101"]);
  });
});

describe("capacity", () => {
  test("is counted as Docker counts it", () => {
    const space = spaceOf(
      record("10.0.0.0/24", "10.0.0.1", { ipRange: "10.0.0.128/29", auxAddresses: { in: "10.0.0.129", out: "10.0.0.5" } }),
    );
    const taken = new AddressSet();
    for (const ip of ["10.0.0.7", "10.0.0.130", "10.9.9.9"]) taken.add(number(ip));
    expect(capacityOf(space, taken)).toEqual({ inUse: 2 + 3 + 2, free: 6, total: 7 });
  });

  test("stops at what a number holds", () => {
    const space = spaceOf(record("fd00::/64", "fd00::1"));
    expect(capacityOf(space, new AddressSet())).toEqual({ inUse: 2, free: Number.MAX_SAFE_INTEGER, total: Number.MAX_SAFE_INTEGER });
  });
});
