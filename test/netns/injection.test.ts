// Superframes that leave whole, end to end: both ends weft, or Linux's vxlan device at one; both underlay families; with an underlay that takes
// them whole and with one that has them cut and finished. tshark reads what is on the wire; the receiver's stack says whether order held.

import { afterAll, beforeAll, expect, test } from "vitest";
import { capture, complaints, fields } from "../../lab/capture.ts";
import { run } from "../../lab/command.ts";
import type { Container } from "../../lab/topology.ts";
import { iperf } from "../../lab/traffic/iperf.ts";
import { makeFile, sendFile, sendSegmented } from "../../lab/traffic/transfer.ts";
import { injectedSoFar, needTunnelGso, superframesGo } from "./injecting.ts";
import { describeNetns } from "./needs.ts";
import { closePair, openPair, type Pair, type PairOptions } from "./pair.ts";

const FILE_BYTES = 48 << 20;
const CAPTURED_BYTES = 4 << 20;
const PACKET_BYTES = 1500;
/** Segments that a connection may find out of order, of all that it receives: a lost one makes those behind it wait. */
const OUT_OF_ORDER_SHARE = 0.01;
const DATAGRAMS = 517;

const ENDS: { right: PairOptions["right"]; family: 4 | 6; offloads: boolean }[] = [];
for (const right of ["weft", "linux"] as const) {
  for (const family of [4, 6] as const) for (const offloads of [true, false]) ENDS.push({ right, family, offloads });
}

/** Segments that the stack of a container put aside because one before them was missing. */
async function outOfOrder({ netns }: Container): Promise<number> {
  const lines = (await run(["cat", "/proc/net/netstat"], { netns })).split("\n").filter((line) => line.startsWith("TcpExt:"));
  const [names, values] = lines.map((line) => line.split(" "));
  return Number(values[names.indexOf("TCPOFOQueue")]);
}

for (const options of ENDS) {
  const name = `weft injects to ${options.right} over IPv${options.family}, offloads ${options.offloads ? "on" : "off"}`;
  needTunnelGso(describeNetns, name, ["tcpdump", "tshark", "ethtool", "socat", "iperf3"], () => {
    let pair: Pair;
    beforeAll(async () => {
      // Linux's vxlan device leaves outer UDP checksums out over IPv4, and takes none of zero over IPv6, without being asked.
      pair = await openPair({ left: "weft", ...options, flags: ["udpcsum"], agent: { injection: "on" } });
      for (const agent of pair.agents) await superframesGo(agent, "injected");
    });
    afterAll(() => closePair(pair));

    test.each([
      ["there", 4],
      ["there", 6],
      ["back", 4],
      ["back", 6],
    ])("a file %s over IPv%i, in order", async (way, inner) => {
      const ends = way === "there" ? ([0, 1] as const) : ([1, 0] as const);
      const [from, to] = ends.map((side) => pair.containers[side]);
      const [injected, late] = [await injectedSoFar(pair.hosts[ends[0]].netns), await outOfOrder(to)];
      const file = makeFile(pair.lab, "file", FILE_BYTES, inner);
      const address = inner === 4 ? to.ip4 : to.ip6;
      const result = await sendFile(pair.lab, { from: from.netns, to: to.netns, address }, file.path);
      expect(result).toMatchObject({ bytes: FILE_BYTES, receivedSha256: file.sha256 });
      const sent = (await injectedSoFar(pair.hosts[ends[0]].netns)) - injected;
      if (way === "there" || options.right === "weft") expect(sent).toBeGreaterThan(FILE_BYTES / 65_536);
      else expect(sent).toBe(0);
      expect((await outOfOrder(to)) - late).toBeLessThan((FILE_BYTES / PACKET_BYTES) * OUT_OF_ORDER_SHARE);
    });

    test.each([4, 6])("superframes of datagrams over IPv%i, whole and each once", async (inner) => {
      const [left, right] = pair.containers;
      const route = { from: left.netns, to: right.netns, address: inner === 4 ? right.ip4 : right.ip6 };
      // How many of them come as superframes is for the container's kernel to choose: see sys/injector.test.ts for one that does.
      const result = await sendSegmented(pair.lab, route, DATAGRAMS, 1100);
      expect(result).toMatchObject({ sent: DATAGRAMS, duplicates: 0, damaged: 0 });
      // Blocks come faster than a receiver on a busy machine takes them from its socket; what weft itself does is in the books.
      expect(result.received + result.overflowed).toBeGreaterThan(DATAGRAMS * 0.9);
    });

    test("several connections at once", async () => {
      const [left, right] = pair.containers;
      const { bitsPerSecond } = await iperf(pair.lab, { from: left.netns, to: right.netns, address: right.ip4, seconds: 1, streams: 4 });
      expect(bitsPerSecond).toBeGreaterThan(2e7);
    });

    test("tshark has nothing to complain of, packet by packet where the underlay had them cut", async () => {
      const [left, right] = pair.containers;
      // As they leave: where offloads are off, the kernel has cut and finished every one.
      const wire = await capture(pair.lab, pair.hosts[1].netns, "eth0", "udp dst port 4789");
      const file = makeFile(pair.lab, "file", CAPTURED_BYTES);
      const result = await sendFile(pair.lab, { from: left.netns, to: right.netns, address: right.ip4 }, file.path);
      expect(result.receivedSha256).toBe(file.sha256);
      const captured = await wire.stop();
      const lengths = (await fields(captured, ["frame.len"], "vxlan")).map((row) => Number(row["frame.len"][0]));
      expect(lengths.length).toBeGreaterThan(0);
      if (options.offloads) {
        expect(Math.max(...lengths)).toBeGreaterThan(PACKET_BYTES + 14);
      } else {
        expect(Math.max(...lengths)).toBeLessThanOrEqual(PACKET_BYTES + 14);
        expect(lengths.length).toBeGreaterThan(CAPTURED_BYTES / PACKET_BYTES);
        expect(await complaints(captured)).toEqual([]);
      }
    });
  });
}
