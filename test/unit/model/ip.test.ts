import { isIPv4, isIPv6 } from "node:net";
import { describe, expect, test } from "vitest";
import { canonicalIp, familyOf, formatCidr, formatIp, parseCidr, parseIp, unicastIp } from "../../../host/model/ip.ts";
import fc from "../../oracle/property.ts";

const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

describe("IP addresses", () => {
  test("IPv4 is held as ::ffff:a.b.c.d", () => {
    expect([...parseIp("10.99.0.1")]).toEqual([...mapped, 10, 99, 0, 1]);
    expect(canonicalIp("::ffff:10.99.0.1")).toBe("10.99.0.1");
    expect(familyOf("::ffff:a63:1")).toBe(4);
  });

  test.each([
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1"],
    ["fe80:0:0:1:0:0:0:0", "fe80:0:0:1::"],
    ["::", "::"],
  ])("%s is written %s (RFC 5952)", (text, canonical) => {
    expect(canonicalIp(text)).toBe(canonical);
    expect(formatIp(parseIp(text))).toBe(canonical);
    expect(familyOf(text)).toBe(6);
  });

  test("bytes survive text", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.uint8Array({ minLength: 4, maxLength: 4 }).map((tail) => Uint8Array.from([...mapped, ...tail])),
    );
    fc.assert(
      fc.property(bytes, (sixteen) => {
        const text = formatIp(sixteen);
        expect(parseIp(text)).toEqual(sixteen);
        expect(canonicalIp(text)).toBe(text);
        expect(isIPv4(text) || isIPv6(text)).toBe(true);
      }),
    );
  });

  test("an offset may not lead beyond the end", () => {
    expect(formatIp(new Uint8Array(20).fill(0xfe), 4)).toBe("fefe:fefe:fefe:fefe:fefe:fefe:fefe:fefe");
    expect(() => formatIp(new Uint8Array(16), 1)).toThrow("needs 16 bytes");
  });

  test.each([
    "",
    "10.1",
    "10.0.0.256",
    "010.0.0.1",
    "0x0a.0.0.1",
    "10.0.0.1 ",
    "fe80::1%eth0",
    "::g",
    "1::2::3",
    "localhost",
    "10.0.0.1/24",
  ])("%j is refused", (text) => {
    expect(() => parseIp(text)).toThrow("is not an IP address");
  });

  test.each(["0.0.0.0", "255.255.255.255", "224.0.0.1", "::", "ff02::1"])("no host has %s", (text) => {
    expect(() => unicastIp(text)).toThrow("which no host can have");
  });
});

describe("CIDR", () => {
  test.each([
    ["10.0.0.1/24", { ip: "10.0.0.1", prefixLength: 24, family: 4 }],
    ["10.0.0.1/0", { ip: "10.0.0.1", prefixLength: 0, family: 4 }],
    ["FD00:0::1/64", { ip: "fd00::1", prefixLength: 64, family: 6 }],
  ])("%s", (text, cidr) => {
    expect(parseCidr(text)).toEqual(cidr);
    expect(parseCidr(formatCidr(parseCidr(text)))).toEqual(cidr);
  });

  test.each([
    ["10.0.0.1", "no prefix length"],
    ["10.0.0.1/33", "from 0 to 32"],
    ["fd00::1/129", "from 0 to 128"],
    ["10.0.0.1/", "from 0 to 32"],
    ["10.0.0.1/-1", "from 0 to 32"],
    ["10.0.0.1/24/1", "from 0 to 32"],
    ["x/24", "not an IP address"],
    ["224.0.0.1/24", "multicast"],
  ])("%s is refused", (text, why) => {
    expect(() => parseCidr(text)).toThrow(why);
  });
});
