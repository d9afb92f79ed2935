// Linux's own vxlan device at the other end, both ways: over both underlays, with outer checksums and without, with superframes and partial inner
// checksums (a veth carries both as they are) and with everything finished before the wire.

import { afterAll, beforeAll, expect, test } from "vitest";
import { EXCHANGE_PROGRAMS, exchanges } from "./exchange.ts";
import { describeNetns } from "./needs.ts";
import { closePair, NETWORK, openPair, type Pair, type PairOptions, settledBooks } from "./pair.ts";

/** Linux sends zero; weft sends a checksum all the same. */
const ZERO6 = { left: "weft", right: "linux", family: 6, flags: ["udp6zerocsumtx"], agent: { zeroChecksum6: true } } as const;

const PAIRS: (PairOptions & { name: string })[] = [
  { name: "over IPv4, outer checksums", left: "weft", right: "linux", flags: ["udpcsum"] },
  { name: "over IPv4, no outer checksums", left: "weft", right: "linux", flags: ["noudpcsum"] },
  { name: "over IPv4, outer checksums, tx off", left: "weft", right: "linux", flags: ["udpcsum"], offloads: false },
  { name: "over IPv4, no outer checksums, tx off", left: "weft", right: "linux", flags: ["noudpcsum"], offloads: false },
  { name: "over IPv6", left: "weft", right: "linux", family: 6 },
  { name: "over IPv6, tx off", left: "weft", right: "linux", family: 6, offloads: false },
  { name: "over IPv6, no outer checksums", ...ZERO6 },
  { name: "over IPv6, no outer checksums, tx off", ...ZERO6, offloads: false },
  { name: "over a jumbo underlay", left: "weft", right: "linux", flags: ["udpcsum"], mtu: 9000 },
  { name: "from Linux to weft, two workers", left: "linux", right: "weft", agent: { workers: 2 } },
];

for (const { name, ...options } of PAIRS) {
  describeNetns(`weft and Linux ${name}`, [...EXCHANGE_PROGRAMS, "ethtool"], () => {
    let pair: Pair;
    beforeAll(async () => {
      pair = await openPair(options);
    });
    afterAll(() => closePair(pair));
    exchanges(() => pair);

    test("nothing was dropped but what came while a port was not up yet", async () => {
      const { port_down: _, ...dropped } = (await settledBooks(pair.agents[0])).networks[NETWORK].dropped;
      expect(dropped).toEqual({});
    });
  });
}
