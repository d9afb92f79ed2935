// Linux's own: a vxlan device, a bridge and a veth pair on each host. On one host, the bridge and the veth pairs alone. The baseline of every ratio.

import { ipBatch } from "../../lab/command.ts";
import { attachByVeth, linuxVtep } from "../../lab/linux-vtep.ts";
import type { Peer } from "./peer.ts";

const VNI = 42;
export const linux: Peer = {
  name: "linux",
  description: "Linux vxlan + bridge + veth",
  sameHostDescription: "Linux bridge + veth",
  missing: async () => null,
  setUp: async ({ hosts: [a, b], containers: [from, to], mtu }) => {
    await (await linuxVtep(a, { vni: VNI, mtu, peers: [b.ip4] })).attach(from);
    await (await linuxVtep(b, { vni: VNI, mtu, peers: [a.ip4] })).attach(to);
    return { pids: [] };
  },
  // The MTU of the overlay here as well, so that TCP is cut alike.
  setUpSameHost: async ({ hosts: [a], containers, mtu }) => {
    await ipBatch([`link add br0 mtu ${mtu} type bridge`, "link set br0 up"], a.netns);
    for (const [index, container] of containers.entries()) await attachByVeth(a, `c${index}`, "br0", container, mtu);
    return { pids: [] };
  },
};
