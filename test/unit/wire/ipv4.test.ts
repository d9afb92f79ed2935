import { expect, test } from "vitest";
import { Probe } from "../../oracle/probe.ts";
import { ip, ipBytes } from "../../oracle/wire.ts";

const probe = new Probe();

test("fields are where RFC 791 has them", () => {
  const header = { source: "10.0.0.1", destination: "10.0.0.2", fragment: 0x6123, options: new Uint8Array(8).fill(1) };
  const at = probe.put(ip(header, 17, new Uint8Array(100)), 3);
  expect(probe.call.ipv4Version(at)).toBe(4);
  expect(probe.call.ipv4HeaderBytes(at)).toBe(28);
  expect(probe.call.ipv4Total(at)).toBe(128);
  expect(probe.call.ipv4FragmentField(at)).toBe(0x6123);
});

test.each([
  ["10.0.0.1", 1],
  ["1.0.0.0", 1],
  ["223.255.255.255", 1],
  ["128.0.0.1", 1],
  ["0.0.0.0", 0],
  ["0.1.2.3", 0],
  ["127.0.0.1", 0],
  ["127.255.255.255", 0],
  ["224.0.0.0", 0],
  ["239.1.1.1", 0],
  ["240.0.0.1", 0],
  ["255.255.255.255", 0],
])("%s is a host: %d", (address, expected) => {
  const at = probe.put(ipBytes(address));
  expect(probe.call.ipv4IsHost(probe.view.getUint32(at, true))).toBe(expected);
});
