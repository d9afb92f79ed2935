// The portable backend (node:dgram, no offloads, no batches) behind the same contract: beside itself, the native one and Linux.

import { afterAll, beforeAll } from "vitest";
import { EXCHANGE_PROGRAMS, exchanges } from "./exchange.ts";
import { describeNetns } from "./needs.ts";
import { closePair, openPair, type Pair, type PairOptions, pairAgent } from "./pair.ts";

const PAIRS: (PairOptions & { name: string })[] = [
  { name: "dgram and dgram over IPv4", left: "weft", right: "weft", agent: { backend: "dgram" } },
  { name: "dgram and dgram over IPv6", left: "weft", right: "weft", agent: { backend: "dgram" }, family: 6 },
  { name: "dgram and Linux", left: "weft", right: "linux", agent: { backend: "dgram" }, flags: ["udpcsum"] },
  { name: "Linux without outer checksums and dgram", left: "linux", right: "weft", agent: { backend: "dgram" }, flags: ["noudpcsum"] },
];

for (const { name, ...options } of PAIRS) {
  describeNetns(name, [...EXCHANGE_PROGRAMS], () => {
    let pair: Pair;
    beforeAll(async () => {
      pair = await openPair(options);
    });
    afterAll(() => closePair(pair));
    exchanges(() => pair);
  });
}

describeNetns("dgram and native", [...EXCHANGE_PROGRAMS], () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await openPair({ left: "weft", right: "weft", agent: { backend: "dgram" } });
    const [, native] = pair.agents;
    await native.stop();
    const agent = await pairAgent(pair.hosts[1], pair.hosts[0], [pair.containers[1]], {
      left: "weft",
      right: "weft",
      agent: { backend: "native" },
    });
    pair.agents = [pair.agents[0], agent];
  });
  afterAll(() => closePair(pair));
  exchanges(() => pair);
});
