// Run in a network namespace by injector.test.ts: an underlay TAP as an agent has it, and a superframe, headers and all, written to it by the
// Injector. Arguments: own address, the VTEP's address, interface, the next hop's MAC, what kind of superframe (tcp, tagged, udp). Says what became of it, as JSON.

import { NETWORK_VLAN_TAGS } from "../../../assembly/abi/network.ts";
import { V_FAMILY } from "../../../assembly/abi/vtep.ts";
import * as w from "../../../assembly/abi/worker.ts";
import { ethernetAddress, ethernetHeader, redirectTunnelTap } from "../../../host/netdev/tunnel.ts";
import { Injector } from "../../../host/sys/injector.ts";
import { openTunnelTap } from "../../../host/sys/tunnel-tap.ts";
import { Stage } from "../../contract/sys/stage.ts";
import { CoreHarness } from "../../oracle/core-harness.ts";
import { allowInjection } from "../../oracle/injection.ts";
import { Random } from "../../oracle/random.ts";
import { udpFrame } from "../../oracle/wire.ts";
import { C, IP6, superframe } from "../../oracle/world.ts";

const [own, remote, device, hop, kind] = process.argv.slice(2);
const tap = openTunnelTap();
await redirectTunnelTap(tap.name, device);
const source = await ethernetAddress(device);
if (source === null) throw new Error(`${device} is no Ethernet interface`);

// The core writes the headers: what is injected is what it makes.
const harness = new CoreHarness();
// Of TCP, only segments that fill the MTU leave whole.
harness.network(1, { vni: 42, flags: NETWORK_VLAN_TAGS, mtu: kind === "udp" ? 1450 : 1040 });
harness.port(1, 1, 0x02000000000a);
harness.vtep(1, remote);
harness.fdb(1, C, "vtep", 1);
allowInjection(harness, 1, own, ethernetHeader(hop, source, remote));
const link = { to: C, from: 0x02000000000a, ...(kind === "tagged" ? { tci: 7 } : {}) };
const payload = new Random(1).bytes(20_000);
const datagrams = {
  frame: udpFrame(link, IP6, { from: 5000, to: 6000, sum: "partial" }, payload),
  vnet: { flags: 1, gsoType: 5, gsoSize: 1000, hdrLen: 62, csumStart: 54, csumOffset: 6 },
};
const { frame, vnet } = kind === "udp" ? datagrams : superframe(link, payload, 1000);
const [{ injected, frames }] = harness.egress([{ port: 1, frame, vnet }]).sends;
if (!injected || harness.entries.vtep(1)[V_FAMILY / 4] === 0) throw new Error("the core did not inject");

const stage = new Stage();
const injector = new Injector(stage.region, stage.block, tap.fd);
const write = (bytes: Uint8Array, offset = stage.at(w.W_RX_BUFFER), length = bytes.length) => {
  stage.region.bytes.set(bytes, stage.at(w.W_RX_BUFFER));
  stage.set(stage.tx(0, w.T_OFFSET), offset);
  stage.set(stage.tx(0, w.T_LENGTH), length);
  stage.set(stage.tx(0, w.T_SEGMENTS), frames);
  injector.inject(0);
  return [...stage.sent(1)[0], stage.get(stage.at(w.W_INJECT))];
};
const rubbish = injected.slice();
rubbish.fill(0xff, 20, 24);
console.log(
  JSON.stringify({
    frames,
    good: write(injected),
    outside: write(injected, stage.at(w.W_RX_BUFFER) - 1),
    tooLong: write(injected, stage.at(w.W_RX_BUFFER), 0x7fffffff),
    negative: write(injected, stage.at(w.W_RX_BUFFER), -1),
    rubbish: write(rubbish),
  }),
);
