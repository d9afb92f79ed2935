// Open vSwitch's user-space VXLAN at the other end: a third implementation, which verifies the outer checksum that it is given (so the underlay's
// ends finish theirs: ethtool -K … tx off).

import { afterAll, beforeAll } from "vitest";
import { EXCHANGE_PROGRAMS, exchanges } from "./exchange.ts";
import { describeNetns } from "./needs.ts";
import { closePair, openPair, type Pair } from "./pair.ts";

describeNetns("weft and Open vSwitch", [...EXCHANGE_PROGRAMS, "ovs-vswitchd", "ovsdb-server", "ovs-vsctl", "ethtool"], () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await openPair({ left: "weft", right: "openvswitch", offloads: false });
  });
  afterAll(() => closePair(pair));
  // Its user-space datapath has packet sockets with room for little.
  exchanges(() => pair, { deep: false });
});
