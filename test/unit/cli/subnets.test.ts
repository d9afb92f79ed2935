import { describe, expect, test } from "vitest";
import { contains, ipamConfig } from "../../../host/cli/subnets.ts";
import { UsageError } from "../../../host/model/errors.ts";

describe("the addresses of network create", () => {
  test("none", () => {
    expect(ipamConfig({})).toEqual([]);
  });

  test("each goes to the subnet that it lies in, whatever the order", () => {
    const config = ipamConfig({
      subnet: ["10.1.0.0/24", "10.2.0.0/16", "fd00:1::/64"],
      gateway: ["fd00:1::ff", "10.2.255.254", "10.1.0.254"],
      ipRange: ["10.2.8.0/24", "10.1.0.128/25"],
      auxAddress: [
        ["router", "10.1.0.5"],
        ["printer", "10.2.0.5"],
        ["nas", "10.1.0.6"],
      ],
    });
    expect(config).toEqual([
      {
        Subnet: "10.1.0.0/24",
        Gateway: "10.1.0.254",
        IPRange: "10.1.0.128/25",
        AuxiliaryAddresses: { router: "10.1.0.5", nas: "10.1.0.6" },
      },
      { Subnet: "10.2.0.0/16", Gateway: "10.2.255.254", IPRange: "10.2.8.0/24", AuxiliaryAddresses: { printer: "10.2.0.5" } },
      { Subnet: "fd00:1::/64", Gateway: "fd00:1::ff" },
    ]);
  });

  test.each([
    [{ subnet: ["10.1.0.0/24", "10.1.0.0/16"] }, "--subnet 10.1.0.0/16: overlaps --subnet 10.1.0.0/24"],
    [{ subnet: ["10.1.0.0/24", "10.1.0.0/24"] }, "--subnet 10.1.0.0/24: overlaps"],
    [{ gateway: ["10.1.0.1"] }, "--gateway 10.1.0.1: needs a --subnet that it lies in"],
    [{ subnet: ["10.1.0.0/24"], gateway: ["10.2.0.1"] }, "--gateway 10.2.0.1: lies in no subnet of this network (10.1.0.0/24)"],
    [
      { subnet: ["10.1.0.0/24"], gateway: ["10.1.0.1", "10.1.0.2"] },
      "--gateway 10.1.0.2: subnet 10.1.0.0/24 has a gateway already, 10.1.0.1",
    ],
    [{ subnet: ["10.1.0.0/24"], ipRange: ["10.1.0.0/23"] }, "--ip-range 10.1.0.0/23: lies in no subnet"],
    [
      { subnet: ["10.1.0.0/24"], ipRange: ["10.1.0.0/25", "10.1.0.128/25"] },
      "--ip-range 10.1.0.128/25: subnet 10.1.0.0/24 has a range already",
    ],
    [{ subnet: ["10.1.0.0/24"], auxAddress: [["a", "fd00::1"]] }, "--aux-address fd00::1: lies in no subnet"],
    [
      {
        subnet: ["10.1.0.0/24"],
        auxAddress: [
          ["a", "10.1.0.1"],
          ["a", "10.1.0.2"],
        ],
      },
      "--aux-address a=10.1.0.2: the name a is given twice",
    ],
  ] as const)("%j", (flags, message) => {
    const asked = () => ipamConfig(structuredClone(flags) as unknown as Parameters<typeof ipamConfig>[0]);
    expect(asked).toThrow(UsageError);
    expect(asked).toThrow(message);
  });
});

test.each([
  ["10.0.0.0/8", "10.255.0.1", true],
  ["10.0.0.0/8", "11.0.0.0", false],
  ["10.0.0.0/8", "10.1.0.0/16", true],
  ["10.1.0.0/16", "10.0.0.0/8", false],
  ["fd00::/8", "fdff::1", true],
  ["fd00::/8", "10.0.0.1", false],
])("%s contains %s: %s", (subnet, inner, answer) => {
  expect(contains(subnet, inner)).toBe(answer);
});
