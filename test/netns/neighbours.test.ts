// ARP requests and neighbour solicitations: answered on the host when both the address and the place of its MAC are known, with the owner's MAC,
// even while the far end is down; forwarded otherwise; and never answered for duplicate address detection (design rule 11).

import { afterAll, beforeAll, expect, test } from "vitest";
import { capture, fields } from "../../lab/capture.ts";
import { ipBatch, run } from "../../lab/command.ts";
import { ping } from "../../lab/traffic/ping.ts";
import { eventually } from "../../lab/wait.ts";
import { describeNetns } from "./needs.ts";
import { closePair, NETWORK, openAlone, type Pair, settledBooks } from "./pair.ts";

const UNKNOWN_4 = "10.0.0.200";

interface Neighbor {
  dst: string;
  lladdr?: string;
  state: string[];
}

describeNetns("neighbour suppression with the far end down", ["tcpdump", "tshark"], () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await openAlone(([, far], [, right]) => ({
      fdb: [{ mac: right.mac, vtep: far.ip4 }],
      neighbors: [right.ip4, right.ip6].map((ip) => ({ ip, mac: right.mac })),
    }));
  });
  afterAll(() => closePair(pair));

  const neighbors = async () => JSON.parse(await run(["ip", "-json", "-n", pair.containers[0].netns, "neighbor"])) as Neighbor[];

  test.each([4, 6])("IPv%i: the container learns the owner's MAC, and nothing is asked on the underlay", async (family) => {
    const { lab, hosts, containers, agents } = pair;
    const [left, right] = containers;
    const address = family === 4 ? right.ip4 : right.ip6;
    const before = (await settledBooks(agents[0])).networks[NETWORK].answered;
    const wire = await capture(lab, hosts[0].netns, hosts[0].device, "udp port 4789");
    await ping(left.netns, address, { count: 1, waitSeconds: 1 });
    const entry = (await neighbors()).find(({ dst }) => dst === address);
    expect(entry).toMatchObject({ lladdr: right.mac, state: ["REACHABLE"] });
    const asked = await fields(await wire.stop(), ["frame.number"], family === 4 ? "arp" : "icmpv6.type == 135");
    expect(asked).toEqual([]);
    expect((await settledBooks(agents[0])).networks[NETWORK].answered).toBeGreaterThan(before);
  });

  test("an address that nobody knows is asked for on the underlay", async () => {
    const { lab, hosts, containers } = pair;
    const wire = await capture(lab, hosts[0].netns, hosts[0].device, "udp port 4789");
    await ping(containers[0].netns, UNKNOWN_4, { count: 1, waitSeconds: 1 });
    const asked = await fields(await wire.stop(), ["arp.dst.proto_ipv4"], "arp.opcode == 1");
    expect(asked.length).toBeGreaterThan(0);
    expect(asked[0]["arp.dst.proto_ipv4"]).toEqual([UNKNOWN_4]);
  });

  test("duplicate address detection is not answered", async () => {
    const { lab, hosts, containers, agents } = pair;
    const [left, right] = containers;
    const before = (await settledBooks(agents[0])).networks[NETWORK].answered;
    const wire = await capture(lab, hosts[0].netns, hosts[0].device, "udp port 4789");
    // Without nodad: the kernel asks for the address from the unspecified one first.
    await ipBatch([`address add ${right.ip6}/128 dev eth0`], left.netns);
    await eventually("the address to be usable", async () => {
      const text = await run(["ip", "-n", left.netns, "address", "show", "dev", "eth0", "to", `${right.ip6}/128`]);
      return !text.includes("tentative") && !text.includes("dadfailed");
    });
    await ipBatch([`address del ${right.ip6}/128 dev eth0`], left.netns);
    const probes = await fields(await wire.stop(), ["ipv6.src"], `icmpv6.type == 135 && icmpv6.nd.ns.target_address == ${right.ip6}`);
    expect(probes.length).toBeGreaterThan(0);
    expect((await settledBooks(agents[0])).networks[NETWORK].answered).toBe(before);
  });
});
