import { expect, test } from "vitest";
import { AddressSet } from "../../../host/ipam/address-set.ts";
import fc from "../../oracle/property.ts";

/** Around the ends of pages, of words and of IPv4. */
const value = fc.oneof(
  fc.bigInt({ min: 0n, max: 80n }),
  fc.bigInt({ min: 1000n, max: 1040n }),
  fc.bigInt({ min: 2n ** 32n - 40n, max: 2n ** 32n + 40n }),
  fc.bigInt({ min: 2n ** 127n, max: 2n ** 127n + 40n }),
);

test("is a set of numbers", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(value, fc.boolean()), { maxLength: 200 }), value, value, (steps, from, to) => {
      const set = new AddressSet();
      const twin = new Set<bigint>();
      for (const [number, adds] of steps) {
        if (adds) set.add(number);
        else set.delete(number);
        if (adds) twin.add(number);
        else twin.delete(number);
        expect(set.has(number)).toBe(adds);
        expect(set.size).toBe(twin.size);
      }
      const within = [...twin].filter((number) => number >= from && number <= to);
      expect(set.count(from, to)).toBe(within.length);
      let absent: bigint | null = from;
      while (twin.has(absent)) absent++;
      if (absent > to) absent = null;
      expect(set.nextAbsent(from, to)).toBe(absent);
    }),
  );
});

test("full pages are stepped over, to the last bit", () => {
  const set = new AddressSet();
  for (let number = 100n; number < 5000n; number++) set.add(number);
  expect(set.nextAbsent(100n, 10_000n)).toBe(5000n);
  expect(set.nextAbsent(100n, 4999n)).toBeNull();
  for (const hole of [1023n, 1024n, 2047n, 4095n, 4127n]) {
    set.delete(hole);
    expect(set.nextAbsent(100n, 10_000n)).toBe(hole);
    set.add(hole);
  }
  expect(set.count(0n, 10_000n)).toBe(4900);
  expect(set.count(1500n, 1500n)).toBe(1);
});
