// Linux's own: a vxlan device, a bridge and a veth pair on each host. The baseline of every ratio.

import { linuxVtep } from "../../lab/linux-vtep.ts";
import type { Peer } from "./peer.ts";

const VNI = 42;

export const linux: Peer = {
  name: "linux",
  description: "Linux vxlan + bridge + veth",
  missing: async () => null,
  setUp: async ({ hosts: [a, b], containers: [from, to] }) => {
    await (await linuxVtep(a, { vni: VNI, peers: [b.ip4] })).attach(from);
    await (await linuxVtep(b, { vni: VNI, peers: [a.ip4] })).attach(to);
    return { pids: [] };
  },
};
