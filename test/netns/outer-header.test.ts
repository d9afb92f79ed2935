// TOS, TTL and ECN of the outer header, as tshark sees them: inherited or fixed (`tos`, `ttl`), ECN always per RFC 6040 in both directions. Ported
// from the kernel's l2_tos_ttl_inherit.sh and from the ECN cases of its vxlan_bridge_1d.sh.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { NetworkFile } from "../../lab/agent.ts";
import { capture, fields } from "../../lab/capture.ts";
import type { Family } from "../../lab/topology.ts";
import * as frames from "../../lab/traffic/frames.ts";
import { injectDatagrams } from "../../lab/traffic/inject.ts";
import { ping } from "../../lab/traffic/ping.ts";
import { describeNetns } from "./needs.ts";
import { closePair, openPair, type Pair, VNI } from "./pair.ts";

const DSCP_EF = 0xb8;
const INNER_TTL = 11;
const FIXED_TTL = 33;
const FIXED_TOS = 0x28;
const DEFAULT_TTL = 64;
const TOOLS = ["tcpdump", "tshark", "socat"];

interface OuterCase {
  name: string;
  network: Partial<NetworkFile>;
  tos: number;
  ttl: number;
}

const OUTER: OuterCase[] = [
  { name: "by default", network: {}, tos: DSCP_EF, ttl: DEFAULT_TTL },
  { name: "inherited", network: { tos: "inherit", ttl: "inherit" }, tos: DSCP_EF, ttl: INNER_TTL },
  { name: "fixed", network: { tos: FIXED_TOS, ttl: FIXED_TTL }, tos: FIXED_TOS, ttl: FIXED_TTL },
];

for (const family of [4, 6] as Family[]) {
  for (const { name, network, tos, ttl } of OUTER) {
    describeNetns(`TOS and TTL ${name}, IPv${family} underlay`, TOOLS, () => {
      let pair: Pair;
      beforeAll(async () => {
        pair = await openPair({ left: "weft", right: "linux", family, network });
      });
      afterAll(() => closePair(pair));

      test.each([4, 6])("of an IPv%i packet", async (inner) => {
        const { lab, hosts, containers } = pair;
        const [left, right] = containers;
        const wire = await capture(lab, hosts[0].netns, hosts[0].device, "udp dst port 4789");
        const flags = ["-Q", `${DSCP_EF}`, "-t", `${INNER_TTL}`];
        await ping(left.netns, inner === 4 ? right.ip4 : right.ip6, { count: 2, flags });
        const filter = inner === 4 ? "icmp.type == 8" : "icmpv6.type == 128";
        // On a busy machine tcpdump may see but one of the two.
        const seen = await outerOf(await wire.stop(), filter, family, inner === family);
        expect(seen).toEqual(Array(Math.max(seen.length, 1)).fill({ tos, ttl }));
      });

      test("of ARP, which has neither", async () => {
        const { lab, hosts, containers } = pair;
        const wire = await capture(lab, hosts[0].netns, hosts[0].device, "udp dst port 4789");
        await ping(containers[0].netns, "10.0.0.200", { count: 1, waitSeconds: 0.3 });
        const [first] = await outerOf(await wire.stop(), "arp.opcode == 1", family, false);
        expect(first).toEqual({
          tos: network.tos === undefined || network.tos === "inherit" ? 0 : tos,
          ttl: ttl === INNER_TTL ? DEFAULT_TTL : ttl,
        });
      });
    });
  }
}

/** Outer TOS byte and TTL of the packets that match. `both`: inner and outer headers are of one family, so tshark lists two values. */
async function outerOf(file: string, filter: string, family: Family, both: boolean): Promise<{ tos: number; ttl: number }[]> {
  const [tos, ttl] = family === 4 ? ["ip.dsfield", "ip.ttl"] : ["ipv6.tclass", "ipv6.hlim"];
  return (await fields(file, [tos, ttl], filter)).map((row) => {
    expect(row[tos]).toHaveLength(both ? 2 : 1);
    return { tos: Number(row[tos][0]), ttl: Number(row[ttl][0]) };
  });
}

/** RFC 6040 section 4.1, normal mode: the two bits are copied. */
describeNetns("ECN on the way out", TOOLS, () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await openPair({ left: "weft", right: "linux", network: { tos: 0 } });
  });
  afterAll(() => closePair(pair));

  test.each([0, 1, 2, 3])("inner %i is copied to the outer header", async (ecn) => {
    const { lab, hosts, containers } = pair;
    const wire = await capture(lab, hosts[0].netns, hosts[0].device, "udp dst port 4789");
    await ping(containers[0].netns, containers[1].ip4, { count: 1, flags: ["-Q", `${ecn}`] });
    const [first] = await outerOf(await wire.stop(), "icmp.type == 8", 4, true);
    expect(first.tos).toBe(ecn);
  });
});

/** RFC 6040 section 4.2, figure 4: inner (row) and outer (column) give what the container sees; null = dropped. */
const DECAPSULATION: { inner: number; outer: number; seen: number | null }[] = [
  [0, 0, 0],
  [0, 1, 0],
  [0, 2, 0],
  [0, 3, null],
  [1, 0, 1],
  [1, 1, 1],
  [1, 2, 1],
  [1, 3, 3],
  [2, 0, 2],
  [2, 1, 1],
  [2, 2, 2],
  [2, 3, 3],
  [3, 0, 3],
  [3, 1, 3],
  [3, 2, 3],
  [3, 3, 3],
].map(([inner, outer, seen]) => ({ inner: inner ?? 0, outer: outer ?? 0, seen }));

describeNetns("ECN on the way in", TOOLS, () => {
  let pair: Pair;
  /** What the container saw, by case: each packet has a length of its own. */
  let seenBy: Map<number, Record<string, string[]>[]>;
  const lengthOf = (index: number) => 52 + index;

  beforeAll(async () => {
    pair = await openPair({ left: "weft", right: "linux" });
    const { lab, hosts, containers } = pair;
    const [left, right] = containers;
    const inside = await capture(lab, left.netns, "eth0", "ip proto 253");
    for (const [index, { inner, outer }] of DECAPSULATION.entries()) {
      const packet = frames.ipv4(right.ip4, left.ip4, Buffer.alloc(lengthOf(index) - 20), { tos: inner });
      const frame = frames.ethernet(left.mac, right.mac, frames.TYPE_IPV4, packet);
      await injectDatagrams(hosts[1], hosts[0], [frames.vxlan(VNI, frame)], { tos: outer });
    }
    await ping(right.netns, left.ip4, { count: 1 }); // What was sent before it has arrived by now, or will not.
    const rows = await fields(await inside.stop(), ["ip.len", "ip.dsfield", "ip.checksum.status"]);
    seenBy = Map.groupBy(rows, (row) => Number(row["ip.len"][0]));
  });
  afterAll(() => closePair(pair));

  test.each(DECAPSULATION.map((each, index) => ({ ...each, index })))(
    "inner $inner in outer $outer is seen as $seen",
    ({ seen, index }) => {
      const length = lengthOf(index);
      const expected = { "ip.len": [`${length}`], "ip.dsfield": [`0x0${seen}`], "ip.checksum.status": ["1"] };
      expect(seenBy.get(length) ?? []).toEqual(seen === null ? [] : [expected]);
    },
  );
});
