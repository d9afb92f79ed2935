// What iputils' ping prints; ping itself is run in test/netns/measure.

import { describe, expect, test } from "vitest";
import { readPings, readToldMtu } from "../../../host/measure/ping.ts";

const SOME = `PING 10.9.0.2 (10.9.0.2) 56(84) bytes of data.
64 bytes from 10.9.0.2: icmp_seq=1 ttl=64 time=0.300 ms
64 bytes from 10.9.0.2: icmp_seq=2 ttl=64 time=12.1 ms
64 bytes from 10.9.0.2: icmp_seq=4 ttl=64 time=105 ms

--- 10.9.0.2 ping statistics ---
4 packets transmitted, 3 received, 25% packet loss, time 0ms
rtt min/avg/max/mdev = 0.300/39.1/105/0.140 ms, ipg/ewma 0.172/0.230 ms
`;

describe("what ping prints", () => {
  test("replies, and their times in microseconds", () => {
    const { sent, received, timesUs } = readPings(SOME);
    expect([sent, received]).toEqual([4, 3]);
    expect(timesUs.map(Math.round)).toEqual([300, 12_100, 105_000]);
  });

  test.each([
    "1 packets transmitted, 0 received, +1 errors, 100% packet loss, time 0ms",
    // Busybox and others.
    "1 packets transmitted, 0 packets received, 100% packet loss",
  ])("no reply: %s", (line) => {
    expect(readPings(line)).toEqual({ sent: 1, received: 0, timesUs: [] });
  });

  test("something else is nothing", () => {
    expect(readPings("ping: connect: Network is unreachable")).toEqual({ sent: 0, received: 0, timesUs: [] });
  });
});

test.each([
  ["ping: local error: message too long, mtu=1500", 1500],
  ["ping: local error: message too long, mtu: 1450", 1450],
  ["From 10.9.0.1 icmp_seq=1 Frag needed and DF set (mtu = 1400)", 1400],
  ["From fd09::1 icmp_seq=1 Packet too big: mtu=1280", 1280],
  ["1 packets transmitted, 0 received, 100% packet loss", null],
])("the MTU that was told: %s", (text, mtu) => {
  expect(readToldMtu(text)).toBe(mtu);
});
