import { expect, test } from "vitest";
import { isLeaseOf, newLeaseId } from "../../../host/store/lease-ids.ts";
import fc from "../../oracle/property.ts";

test("an id is a positive int64 and tells its node from others", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      const lease = newLeaseId(one);
      expect(lease > 0n && lease < 2n ** 63n).toBe(true);
      expect(isLeaseOf(one, lease)).toBe(true);
      expect(isLeaseOf(other, lease)).toBe(one === other);
    }),
    { numRuns: 500 },
  );
});

test("ids of one node differ", () => {
  expect(newLeaseId("n")).not.toBe(newLeaseId("n"));
});
