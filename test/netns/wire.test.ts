// What weft puts on the underlay, read by tshark with every checksum verified: no complaint, and the outer headers that RFC 7348 and the design
// ask for.

import { afterAll, beforeAll, expect, test } from "vitest";
import { capture, complaints, fields } from "../../lab/capture.ts";
import { addressOf, type Family } from "../../lab/topology.ts";
import { ping } from "../../lab/traffic/ping.ts";
import { makeFile, sendDatagrams, sendFile } from "../../lab/traffic/transfer.ts";
import { describeNetns } from "./needs.ts";
import { closePair, openPair, type Pair, VNI } from "./pair.ts";

const FILE_BYTES = 4 << 20;
/** RFC 7348 section 5 recommends 49152–65535; design rule 4 stays above Linux's ephemeral default. */
const SOURCE_PORT_MIN = 61000;
const SOURCE_PORT_MAX = 65535;

for (const family of [4, 6] as Family[]) {
  describeNetns(`tshark on an IPv${family} underlay`, ["tcpdump", "tshark", "ethtool"], () => {
    let pair: Pair;
    let file = "";
    beforeAll(async () => {
      pair = await openPair({ left: "weft", right: "weft", family, offloads: false });
      const { lab, hosts, containers } = pair;
      const [left, right] = containers;
      const wire = await capture(lab, hosts[0].netns, hosts[0].device, "udp port 4789");
      for (const address of [right.ip4, right.ip6]) {
        const route = { from: left.netns, to: right.netns, address };
        await ping(left.netns, address, { count: 3, intervalSeconds: 0.02 });
        await ping(left.netns, address, { count: 2, intervalSeconds: 0.02, size: 5000 });
        await sendFile(lab, route, makeFile(lab, "file", FILE_BYTES).path);
        await sendDatagrams(lab, route, 500, 4, 1400);
      }
      file = await wire.stop();
    });
    afterAll(() => closePair(pair));

    test("has no complaint", async () => {
      expect(await complaints(file)).toEqual([]);
    });

    test("sees the VTEPs' addresses, the data port, one VNI", async () => {
      const outer = family === 4 ? "ip" : "ipv6";
      const rows = await fields(file, [`${outer}.src`, `${outer}.dst`, "udp.srcport", "udp.dstport", "vxlan.vni", "vxlan.flags"]);
      expect(rows.length).toBeGreaterThan(1000);
      const addresses = pair.hosts.map((host) => addressOf(host, family));
      for (const row of rows) {
        expect([row[`${outer}.src`][0], row[`${outer}.dst`][0]].sort()).toEqual(addresses);
        expect(row["udp.dstport"][0]).toBe("4789");
        expect(row["vxlan.vni"]).toEqual([`${VNI}`]);
        expect(row["vxlan.flags"]).toEqual(["0x0800"]);
        expect(Number(row["udp.srcport"][0])).toBeGreaterThanOrEqual(SOURCE_PORT_MIN);
        expect(Number(row["udp.srcport"][0])).toBeLessThanOrEqual(SOURCE_PORT_MAX);
      }
    });

    test("sees one source port a TCP flow", async () => {
      const rows = await fields(file, ["udp.srcport", "tcp.srcport", "tcp.dstport"], "tcp.len > 0");
      const ports = new Map<string, Set<string>>();
      for (const row of rows) {
        const flow = `${row["tcp.srcport"]} ${row["tcp.dstport"]}`;
        ports.set(flow, (ports.get(flow) ?? new Set()).add(row["udp.srcport"][0]));
      }
      for (const [flow, used] of ports) expect([...used], `flow ${flow}`).toHaveLength(1);
    });

    test("sees outer packets that may not be fragmented, and none that was", async () => {
      if (family === 6) return expect(await fields(file, ["frame.number"], "ipv6.fraghdr && !vxlan")).toEqual([]);
      const rows = await fields(file, ["ip.flags.df", "ip.flags.mf", "ip.frag_offset"]);
      for (const row of rows) expect([row["ip.flags.df"][0], row["ip.flags.mf"][0], row["ip.frag_offset"][0]]).toEqual(["1", "0", "0"]);
    });

    test("sees an outer checksum in every packet", async () => {
      expect(await fields(file, ["frame.number"], "vxlan && udp.dstport == 4789 && udp.checksum == 0 && !(udp.checksum != 0)")).toEqual([]);
    });
  });
}
