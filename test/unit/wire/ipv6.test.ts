import { expect, test } from "vitest";
import { Probe } from "../../oracle/probe.ts";
import { ip, ipBytes } from "../../oracle/wire.ts";

const probe = new Probe();

test("fields are where RFC 8200 has them; the traffic class lies across two bytes", () => {
  for (let tos = 0; tos < 256; tos++) {
    const header = { source: "fd00::1", destination: "fd00::2", tos, flowLabel: 0xabcde };
    const at = probe.put(ip(header, 17, new Uint8Array(100)), 5);
    expect([probe.call.ipv6Version(at), probe.call.ipv6Payload(at), probe.call.ipv6TrafficClass(at)]).toEqual([6, 100, tos]);
    probe.call.setIpv6TrafficClass(at, tos ^ 0xff);
    expect(probe.get(at, 140)).toEqual(ip({ ...header, tos: tos ^ 0xff }, 17, new Uint8Array(100)));
  }
});

test.each([
  ["::", [1, 0, 0]],
  ["::1", [0, 1, 0]],
  ["::2", [0, 0, 0]],
  ["1::", [0, 0, 0]],
  ["1::1", [0, 0, 0]],
  ["::1:0", [0, 0, 0]],
  ["ff02::1", [0, 0, 1]],
  ["ff00::", [0, 0, 1]],
  ["fe80::1", [0, 0, 0]],
])("%s: unspecified, loopback, multicast %j", (address, expected) => {
  const at = probe.put(ipBytes(address), 2);
  expect([probe.call.isUnspecified6(at), probe.call.isLoopback6(at), probe.call.isMulticast6(at)]).toEqual(expected);
});
