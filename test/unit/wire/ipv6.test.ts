import { describe, expect, test } from "vitest";
import { Probe } from "../../oracle/probe.ts";
import { lastHop, ROUTING_TYPES, routingHeader } from "../../oracle/route.ts";
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

describe("the last hop of a routing header", () => {
  const own = ipBytes("fd00::2");
  const hops = ["fd00::7", "fd00::8", "fd00::9"];
  /** As the core finds it. */
  const found = (header: Uint8Array) => {
    const destination = probe.put(own, 256);
    return probe.get(probe.call.lastHop(probe.put(header, 3), destination), 16);
  };

  test.each(ROUTING_TYPES)("of type %d", (type) => {
    for (const left of [0, 1, 3]) {
      const [, header] = routingHeader(type, type === 2 ? hops.slice(0, 1) : hops, left);
      expect(found(header)).toEqual(lastHop(header, own));
      expect(found(header)).toEqual(left === 0 ? own : ipBytes(type === 2 ? "fd00::7" : "fd00::9"));
    }
  });

  test("is not looked for where it does not lie whole, or nobody knows where", () => {
    const [, unknown] = routingHeader(0, hops);
    unknown[2] = 253;
    const [, compressed] = routingHeader(3, hops);
    compressed[4] = 0x08;
    const short = ROUTING_TYPES.flatMap((type) => [0, 1].map((units) => Uint8Array.of(6, units, type, 1, 0, 0, 0, 0)));
    for (const header of [unknown, compressed, ...short]) expect(found(header)).toEqual(own);
  });
});
