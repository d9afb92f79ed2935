import { expect, test } from "vitest";
import { endpointText, sockaddr, sockaddrBytes } from "../../../host/sys/sockaddr.ts";

test("a sockaddr_in", () => {
  expect([...sockaddr(4, "10.1.2.3", 4789)]).toEqual([2, 0, 0x12, 0xb5, 10, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect(sockaddrBytes(4)).toBe(16);
});

test("a sockaddr_in6", () => {
  const address = sockaddr(6, "2001:db8::1", 4789);
  expect(address.length).toBe(sockaddrBytes(6));
  expect([...address.subarray(0, 12)]).toEqual([10, 0, 0x12, 0xb5, 0, 0, 0, 0, 0x20, 0x01, 0x0d, 0xb8]);
  expect([...address.subarray(12)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
});

test("as text", () => {
  expect(endpointText("10.1.2.3", 4789)).toBe("10.1.2.3:4789");
  expect(endpointText("2001:DB8:0::1", 4789)).toBe("[2001:db8::1]:4789");
});
