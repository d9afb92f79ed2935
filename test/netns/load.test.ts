// Many flows at once, both ways, as fast as it goes: nothing on the way may come out damaged (a wrong checksum would be seen by the receiving stack
// and only cost speed) and every frame must be in the books. Speed itself is the benchmark's business.

import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../lab/command.ts";
import { kernelCounters } from "../../lab/snmp.ts";
import { describeNetns } from "./needs.ts";
import { closePair, NETWORK, openPair, type Pair, type PairOptions, settledBooks } from "./pair.ts";

const SECONDS = 2;
/** There was a load, on a machine that may be busy. */
const TCP_BYTES_MIN = 20e6;
const PAIRS: (PairOptions & { name: string })[] = [
  { name: "weft and weft", left: "weft", right: "weft" },
  { name: "weft and weft over IPv6", left: "weft", right: "weft", family: 6 },
  { name: "weft and weft with two workers each", left: "weft", right: "weft", agent: { workers: 2 } },
  { name: "weft and Linux", left: "weft", right: "linux", flags: ["udpcsum"] },
];

for (const { name, ...options } of PAIRS) {
  describeNetns(`load: ${name}`, ["iperf3"], () => {
    let pair: Pair;
    beforeAll(async () => {
      pair = await openPair(options);
    });
    afterAll(() => closePair(pair));

    const iperf = async (address: string, ...words: string[]) => {
      const [left, right] = pair.containers;
      const server = pair.lab.spawn(["iperf3", "-s", "-1", "-B", address, "--forceflush"], { netns: right.netns, name: "iperf3 -s" });
      await server.waitFor(/Server listening/);
      const text = await run(["iperf3", "-c", address, "-t", `${SECONDS}`, "-J", ...words], { netns: left.netns });
      await server.kill();
      return JSON.parse(text) as { end: Record<string, { bytes: number }> };
    };

    test.each([4, 6])("eight TCP streams over IPv%i, four each way", async (inner) => {
      const [, right] = pair.containers;
      const { end } = await iperf(inner === 4 ? right.ip4 : right.ip6, "--bidir", "-P", "4");
      expect(end.sum_received.bytes).toBeGreaterThan(TCP_BYTES_MIN);
      expect(end.sum_received_bidir_reverse.bytes).toBeGreaterThan(TCP_BYTES_MIN);
    });

    test("small UDP datagrams without a limit", async () => {
      const { end } = await iperf(pair.containers[1].ip4, "-u", "-b", "0", "-l", "64");
      expect(end.sum.bytes).toBeGreaterThan(1e6);
    });

    test("nothing was damaged, and what was dropped was dropped for want of room", async () => {
      for (const { netns } of pair.containers)
        expect(await kernelCounters(netns)).toMatchObject({ TcpInCsumErrors: 0, UdpInCsumErrors: 0 });
      for (const agent of pair.agents) {
        const { port_down: _, full_ring: __, ...dropped } = (await settledBooks(agent)).networks[NETWORK].dropped;
        expect(dropped).toEqual({});
      }
    });
  });
}
