import { expect, test } from "vitest";
import { formatAddress } from "../../../host/ipam/block.ts";
import { NetworkAddresses } from "../../../host/manager/network-addresses.ts";
import fc from "../../oracle/property.ts";

const owned = (node: string | null) => JSON.stringify({ endpoint: node && "e", node });

test("who holds how many, what rests, and what was given last", () => {
  const addresses = new NetworkAddresses();
  addresses.put("10.0.0.2", owned("a"), 5);
  addresses.put("10.0.0.3", owned("b"), 7);
  addresses.put("10.0.0.4", owned("b"), 6);
  addresses.put("fd00::2", owned("a"), 7);
  addresses.put("10.0.0.9", owned(null), 8);
  expect(addresses.holders(4)).toEqual([
    { node: "b", count: 2 },
    { node: "a", count: 1 },
  ]);
  expect(addresses.holders(6)).toEqual([{ node: "a", count: 1 }]);
  expect([addresses.resting[4].size, addresses.resting[6].size, addresses.size]).toEqual([1, 0, 5]);
  expect(addresses.latest(4)).toEqual({ family: 4, value: 0x0a000003n });
  addresses.put("10.0.0.3", owned(null), 9);
  addresses.delete("10.0.0.9");
  addresses.delete("10.0.0.77");
  expect(addresses.holders(4).map(({ count }) => count)).toEqual([1, 1]);
  expect([addresses.resting[4].size, addresses.size]).toEqual([1, 4]);
});

test("counts as a map would", () => {
  const step = fc.tuple(fc.nat(20), fc.constantFrom("a", "b", null, "delete"));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const addresses = new NetworkAddresses();
      const twin = new Map<string, string | null>();
      for (const [revision, [offset, what]] of steps.entries()) {
        const ip = formatAddress(4, 0x0a000000n + BigInt(offset));
        if (what === "delete") addresses.delete(ip);
        else addresses.put(ip, owned(what), revision);
        if (what === "delete") twin.delete(ip);
        else twin.set(ip, what);
      }
      const count = (node: string | null) => [...twin.values()].filter((owner) => owner === node).length;
      expect(addresses.size).toBe(twin.size);
      expect(addresses.resting[4].size).toBe(count(null));
      expect(addresses.changes).toBe(steps.length);
      for (const node of ["a", "b"]) expect(addresses.holders(4).find((holder) => holder.node === node)?.count ?? 0).toBe(count(node));
    }),
  );
});
