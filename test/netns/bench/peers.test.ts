// Each overlay that the benchmark compares with stands, and the largest frame that is measured goes through it; one that is not installed is skipped.

import { expect, test } from "vitest";
import { BASELINE, peers } from "../../../bench/peers/index.ts";
import { standAll } from "../../../bench/stand.ts";
import { core, sameHost } from "../../../bench/suites/core.ts";
import { Datagrams } from "../../../bench/traffic/datagrams.ts";
import { WIRES } from "../../../bench/wires.ts";
import { describeNetns } from "../needs.ts";

/** A frame of 1448 bytes. */
const PAYLOAD = 1402;
const known = peers(null);

test("the first peer is the baseline, and each has a name of its own", () => {
  expect(known[0].name).toBe(BASELINE);
  expect(new Set(known.map(({ name }) => name)).size).toBe(known.length);
});

describeNetns("peers", ["ethtool", "iperf3", "tcpdump"], () => {
  test.for(known)("$name", async (peer, context) => {
    const missing = await peer.missing();
    context.skip(missing !== null, missing ?? "");
    for (const [suite, wire] of [[core, WIRES[0]] as const, [sameHost, null] as const]) {
      const { stood, failed, close } = await standAll([peer], suite, wire, 1500);
      try {
        expect(failed).toEqual([]);
        expect(stood).toHaveLength(suite === core || peer.setUpSameHost ? 1 : 0);
        for (const { pair } of stood) {
          const datagrams = await Datagrams.open(pair.containers);
          const { delivered } = await datagrams.trial({ payloads: [PAYLOAD], ratePerSecond: 1000, seconds: 0.2 });
          expect(delivered).toBeGreaterThan(0);
          await datagrams.close();
        }
      } finally {
        await close();
      }
    }
  });
});
