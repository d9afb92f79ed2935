import { expect, test } from "vitest";
import { hasAddress } from "../../../host/netdev/own-address.ts";

test("loopback's address is this host's, one for documentation (RFC 5737, RFC 3849) is not", () => {
  expect(hasAddress("127.0.0.1")).toBe(true);
  expect(hasAddress("192.0.2.1")).toBe(false);
  expect(hasAddress("2001:db8::1")).toBe(false);
});
