import { describe, expect, test } from "vitest";
import { AddressSet } from "../../../host/ipam/address-set.ts";
import { formatBlock, overlaps, readBlock } from "../../../host/ipam/block.ts";
import { planSubnets, type SubnetRequest, type Surroundings, type Taken } from "../../../host/ipam/plan.ts";
import { capacityOf, chooseAddress, spaceOf } from "../../../host/ipam/space.ts";
import { OperationError, UsageError } from "../../../host/model/errors.ts";
import fc from "../../oracle/property.ts";
import { Random, seed } from "../../oracle/random.ts";
import { anyBlock } from "./arbitrary.ts";

const random = new Random();
const around = (changes: Partial<Surroundings> = {}): Surroundings => ({
  ipv6: false,
  pools: [{ base: "10.0.0.0/8", size: 24 }],
  taken: [],
  random: (bytes) => random.bytes(bytes),
  ...changes,
});
const taken = (subnet: string): Taken => ({ block: readBlock(subnet), by: `network other (${subnet})` });

describe("subnets", () => {
  test("asked for and from the pools keep clear of each other", () => {
    const subnets = planSubnets([{}, { Subnet: "10.0.0.0/24" }, {}], around({ taken: [taken("10.0.1.0/24")] }));
    expect(subnets.map(({ subnet }) => subnet)).toEqual(["10.0.2.0/24", "10.0.0.0/24", "10.0.3.0/24"]);
  });

  test("of IPv6 alone get one of IPv4 besides, which comes first", () => {
    const subnets = planSubnets([{ Subnet: "fd00::/64" }], around({ ipv6: true }));
    expect(subnets.map(({ subnet, gateway }) => [subnet, gateway])).toEqual([
      ["10.0.0.0/24", "10.0.0.1"],
      ["fd00::/64", "fd00::1"],
    ]);
  });

  test("the gateway steps aside for a reserved first address, and may be outside the ip-range", () => {
    const [record] = planSubnets([{ Subnet: "10.0.0.0/24", IPRange: "10.0.0.64/26", AuxiliaryAddresses: { nas: "10.0.0.1" } }], around());
    expect(record).toEqual({ subnet: "10.0.0.0/24", gateway: "10.0.0.2", ipRange: "10.0.0.64/26", auxAddresses: { nas: "10.0.0.1" } });
  });
});

describe("bad values", () => {
  const S = "10.0.0.0/24";
  test.each<[SubnetRequest[], string]>([
    [[{ Subnet: "10.0.0.0/24x" }], 'invalid subnet: "10.0.0.0/24x" is not a subnet'],
    [[{ Subnet: "10.0.0.1/24" }], "it should be 10.0.0.0/24"],
    [[{ Subnet: "127.0.0.0/24" }], "invalid subnet 127.0.0.0/24: 127.0.0.0/8 is loopback"],
    [[{ Subnet: "0.0.0.0/0" }], "0.0.0.0/8 is this-network"],
    [[{ Subnet: "224.1.0.0/16" }], "is multicast"],
    [[{ Subnet: "169.254.0.0/16" }], "is link-local"],
    [[{ Subnet: S }, { Subnet: "10.0.0.128/25" }], "subnets 10.0.0.0/24 and 10.0.0.128/25 of the same network overlap"],
    [[{ Gateway: "10.0.0.1" }], "every ip-range, gateway or aux-address must have a corresponding subnet (the gateway has none)"],
    [[{ AuxiliaryAddresses: { a: "10.0.0.1" } }], "(the aux-address has none)"],
    [[{ Subnet: S, Gateway: "10.0.1.1" }], "gateway 10.0.1.1 is not within subnet 10.0.0.0/24"],
    [[{ Subnet: S, Gateway: "10.0.0.255" }], "gateway 10.0.0.255 is no host's address in 10.0.0.0/24"],
    [[{ Subnet: S, Gateway: "x" }], 'invalid gateway x: "x" is not an IP address'],
    [[{ Subnet: S, IPRange: "10.0.1.0/25" }], "ip-range 10.0.1.0/25 is not within subnet 10.0.0.0/24"],
    [[{ Subnet: S, IPRange: "10.0.0.0/16" }], "ip-range 10.0.0.0/16 is not within subnet 10.0.0.0/24"],
    [[{ Subnet: S, IPRange: "10.0.0.9/28" }], "invalid ip-range 10.0.0.9/28: it should be 10.0.0.0/28"],
    [[{ Subnet: S, AuxiliaryAddresses: { a: "10.0.1.9" } }], "aux-address a=10.0.1.9 is not within subnet 10.0.0.0/24"],
    [[{ Subnet: S, AuxiliaryAddresses: { a: "10.0.0.9", b: "10.0.0.9" } }], "aux-address b=10.0.0.9 is that of a too"],
    [[{ Subnet: S, Gateway: "10.0.0.9", AuxiliaryAddresses: { a: "10.0.0.9" } }], "aux-address a=10.0.0.9 is the gateway's"],
    [[{ Subnet: "10.0.0.4/32" }], "subnet 10.0.0.4/32 has no address left for an endpoint"],
    [[{ Subnet: S, IPRange: "10.0.0.0/31" }], "ip-range 10.0.0.0/31 has no address left for an endpoint"],
    [[{ Subnet: "10.0.0.0/31", AuxiliaryAddresses: { a: "10.0.0.0", b: "10.0.0.1" } }], "has no address left for a gateway"],
    [[{ Subnet: "fd00::/64" }], "IPv6 subnet fd00::/64 needs --ipv6"],
  ])("%j: %s", (requests, message) => {
    expect(() => planSubnets(requests, around())).toThrow(UsageError);
    expect(() => planSubnets(requests, around())).toThrow(message);
  });

  test("of IPv6", () => {
    const plan = (Subnet: string) => () => planSubnets([{ Subnet }], around({ ipv6: true }));
    expect(plan("fe80::/64")).toThrow("fe80::/10 is link-local");
    expect(plan("ff02::/64")).toThrow("is multicast");
    expect(plan("::/64")).toThrow("is loopback");
  });
});

test("what is taken is told with its owner", () => {
  const plan = () => planSubnets([{ Subnet: "10.0.0.0/16" }], around({ taken: [taken("10.1.0.0/16"), taken("10.0.9.0/24")] }));
  expect(plan).toThrow(OperationError);
  expect(plan).toThrow("Pool overlaps with other one on this address space: 10.0.0.0/16 overlaps network other (10.0.9.0/24)");
});

test(`whatever is asked for: refused in one line, or disjoint subnets with room and a gateway (seed ${seed})`, () => {
  const request = fc.record({ Subnet: fc.option(anyBlock.map(formatBlock), { nil: undefined }) }, { requiredKeys: [] });
  let planned = 0;
  fc.assert(
    fc.property(fc.array(request, { maxLength: 4 }), fc.array(anyBlock, { maxLength: 6 }), fc.boolean(), (requests, blocks, ipv6) => {
      const others = blocks.filter(({ prefixLength }) => prefixLength > 3).map((block) => ({ block, by: "another" }));
      let subnets: ReturnType<typeof planSubnets>;
      try {
        subnets = planSubnets(requests, around({ ipv6, taken: others }));
      } catch (error) {
        expect(error instanceof UsageError || error instanceof OperationError).toBe(true);
        expect((error as Error).message).not.toContain("\n");
        return;
      }
      planned++;
      const all = subnets.map(({ subnet }) => readBlock(subnet));
      expect(all.some(({ family }) => family === 4)).toBe(true);
      expect(all.some(({ family }) => family === 6)).toBe(ipv6);
      for (const [index, block] of all.entries()) {
        expect(all.slice(0, index).some((other) => overlaps(block, other))).toBe(false);
        expect(others.some((other) => overlaps(block, other.block))).toBe(false);
        const space = spaceOf(subnets[index]);
        expect(capacityOf(space, new AddressSet()).total).toBeGreaterThan(0);
        expect(chooseAddress(space, new AddressSet(), null)).not.toBeNull();
      }
    }),
    { numRuns: 400 },
  );
  expect(planned).toBeGreaterThan(20);
});
