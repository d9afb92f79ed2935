import { describe, expect, test } from "vitest";
import { formatMac, isMulticastMac, MAC_MAX, macFromBytes, macToBytes, parseMac, parseUnicastMac } from "../../../host/model/mac.ts";
import fc from "../../oracle/property.ts";

const macs = fc.integer({ min: 0, max: MAC_MAX });

describe("MAC addresses", () => {
  test("the first byte on the wire is the most significant", () => {
    expect(parseMac("02:42:0a:00:00:01")).toBe(0x02420a000001);
    expect(parseMac("FF-FF-FF-FF-FF-FF")).toBe(MAC_MAX);
    expect([...macToBytes(0x02420a000001)]).toEqual([0x02, 0x42, 0x0a, 0, 0, 1]);
  });

  test("text, number and bytes are one and the same", () => {
    fc.assert(
      fc.property(macs, (mac) => {
        expect(parseMac(formatMac(mac))).toBe(mac);
        expect(macFromBytes(macToBytes(mac))).toBe(mac);
        expect(isMulticastMac(mac)).toBe((macToBytes(mac)[0] & 1) === 1);
        expect(formatMac(mac)).toBe(
          Buffer.from(macToBytes(mac))
            .toString("hex")
            .replace(/..(?!$)/g, "$&:"),
        );
      }),
    );
  });

  test("bytes are read at an offset, never beyond the end", () => {
    expect(macFromBytes(Uint8Array.of(9, 1, 2, 3, 4, 5, 6), 1)).toBe(0x010203040506);
    expect(() => macFromBytes(new Uint8Array(6), 1)).toThrow("needs 6 bytes");
  });

  test.each([
    "",
    "02:42",
    "02:42:0a:00:00:0g",
    "02:42:0a:00:00:01:02",
    "02:42:0a-00:00:01",
    "0242.0a00.0001",
    " 02:42:0a:00:00:01",
    "02:42:0a:00:00:01\n",
  ])("%j is refused", (text) => {
    expect(() => parseMac(text)).toThrow("is not a MAC address");
  });

  test.each([
    ["00:00:00:00:00:00", "zero"],
    ["ff:ff:ff:ff:ff:ff", "multicast"],
    ["01:00:5e:00:00:01", "multicast"],
    ["33:33:00:00:00:01", "multicast"],
  ])("%s is nobody's own", (text, why) => {
    expect(() => parseUnicastMac(text)).toThrow(why);
  });

  test.each([-1, 1.5, MAC_MAX + 1, Number.NaN])("%d is not formatted", (value) => {
    expect(() => formatMac(value)).toThrow("not a 48-bit number");
  });
});
