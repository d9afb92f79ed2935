import { expect, test } from "vitest";
import { Probe } from "../../oracle/probe.ts";

const probe = new Probe();
const types = Array.from({ length: 256 }, (_, type) => type);

test("ICMP errors are those of RFC 1122 section 3.2.2", () => {
  expect(types.filter((type) => probe.call.isIcmpError(type))).toEqual([3, 4, 5, 11, 12]);
});

test("ICMPv6 errors are the types below 128; redirects are not answered either (RFC 4443 section 2.4 e)", () => {
  expect(types.filter((type) => probe.call.isIcmpv6Error(type))).toEqual([...types.slice(0, 128), 137]);
});
