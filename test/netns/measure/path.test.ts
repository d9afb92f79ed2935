// Paths as the kernel has them: routes, interfaces, and packets that are too large.

import { afterAll, beforeAll, expect, test } from "vitest";
import { findPath, netnsOf, offloadsOf, readOffloads } from "../../../host/measure/path.ts";
import { pathMtu } from "../../../host/measure/path-mtu.ts";
import { roundTrips } from "../../../host/measure/ping.ts";
import { ipBatch, run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { type Host, routedUnderlay } from "../../../lab/topology.ts";
import { describeNetns } from "../needs.ts";
import { BENCH_PROGRAMS, go, pathTo } from "./wire.ts";

describeNetns("a path with a router in it", BENCH_PROGRAMS, () => {
  let lab: Lab;
  let a: Host;
  let b: Host;
  let router: string;
  beforeAll(async () => {
    lab = await Lab.open();
    [a, b, router] = await routedUnderlay(lab);
  });
  afterAll(() => lab?.close());

  test("leaves by the interface that the route says", async () => {
    const expected = { netnsName: a.netns, netns: pathTo(a), device: "eth0", deviceMtu: 1500, own: false };
    expect(await findPath({ address: b.ip4, netns: a.netns })).toEqual({ address: b.ip4, ...expected });
    expect(await findPath({ address: b.ip6, netns: pathTo(a) })).toEqual({ address: b.ip6, ...expected, netnsName: pathTo(a) });
    expect(await findPath({ address: a.ip4, netns: a.netns })).toMatchObject({ device: "lo", own: true });
    expect(await findPath({ address: "127.0.0.1", netns: null })).toMatchObject({ netns: null, device: "lo", own: true });
    expect((await findPath({ address: "localhost", netns: null })).address).toMatch(/^127\.|^::1$/);
  });

  test("no route, no name, no namespace: one line each", async () => {
    await run(["ip", "-n", a.netns, "route", "add", "unreachable", "192.0.2.0/24"]);
    await expect(findPath({ address: "192.0.2.1", netns: a.netns })).rejects.toThrow(
      `192.0.2.1: no route to it in network namespace ${a.netns}: `,
    );
    await expect(findPath({ address: "weft.invalid", netns: null })).rejects.toThrow(
      "weft.invalid: neither an IP address nor a name that resolves",
    );
    expect(() => netnsOf("weft-no-such")).toThrow("network namespace /run/netns/weft-no-such is missing");
    expect(() => netnsOf("/etc/passwd")).toThrow("/etc/passwd is not a network namespace");
    expect(netnsOf(null)).toBeNull();
  });

  test("offloads are those that ethtool says are on", async () => {
    const on = await offloadsOf({ device: "eth0", netns: pathTo(a) }, go());
    expect(on).toContain("tcp-segmentation-offload");
    await run(["ethtool", "-K", "eth0", "tso", "off"], { netns: a.netns });
    const less = await offloadsOf({ device: "eth0", netns: pathTo(a) }, go());
    expect(less).not.toContain("tcp-segmentation-offload");
    expect(less).toContain("tx-checksumming");
    expect(await offloadsOf({ device: "eth9", netns: pathTo(a) }, go())).toBeNull();
  });

  test("round trips: as many as fit the time, each with its time", async () => {
    const { sent, received, timesUs } = await roundTrips({ address: b.ip4, netns: pathTo(a) }, 1, go());
    expect([received, timesUs.length]).toEqual([sent, sent]);
    expect(sent).toBeGreaterThanOrEqual(10);
    expect(sent).toBeLessThanOrEqual(1000);
    expect(Math.min(...timesUs)).toBeGreaterThan(0);
    const none = await roundTrips({ address: "10.99.2.77", netns: pathTo(a) }, 1, go());
    expect(none).toMatchObject({ received: 0, timesUs: [] });
    expect(none.sent).toBeGreaterThan(0);
  });

  test("a path MTU that the interface shows, that a router tells, and that nobody tells", async () => {
    const [to4, to6] = [b.ip4, b.ip6].map((address) => ({ address, netns: pathTo(a) }));
    expect(await pathMtu(to4, 1500, go())).toEqual({ bytes: 1500, blackHole: false });
    await ipBatch(["link set r1 mtu 1400"], router);
    await ipBatch(["link set eth0 mtu 1400"], b.netns);
    expect(await pathMtu(to4, 1500, go())).toEqual({ bytes: 1400, blackHole: false });
    expect(await pathMtu(to6, 1500, go())).toEqual({ bytes: 1400, blackHole: false });
    // A veth drops what is too large for its other end (it leaves room for a VLAN tag), without a word.
    await ipBatch(["link set r1 mtu 1500"], router);
    await run(["ip", "-n", a.netns, "route", "flush", "cache"]);
    expect(await pathMtu(to4, 1500, go())).toEqual({ bytes: 1400 + 4, blackHole: true });
  });
});

test("what ethtool prints", () => {
  const text =
    "Features for eth0:\nrx-checksumming: on [fixed]\n\ttx-checksum-ipv4: off [fixed]\ntcp-segmentation-offload: on\n\ttx-gso-list: on\nhighdma: onx\n";
  expect(readOffloads(text)).toEqual(["rx-checksumming", "tcp-segmentation-offload", "tx-gso-list"]);
});
