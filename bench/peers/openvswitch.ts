// Open vSwitch with its user-space datapath: the other user-space VXLAN switch that Debian has.

import { attempt } from "../../lab/command.ts";
import { ovsVtep } from "../../lab/ovs-vtep.ts";
import { finishChecksums } from "../../lab/topology.ts";
import type { Peer } from "./peer.ts";

const VNI = 42;

export const openvswitch: Peer = {
  name: "openvswitch",
  description: "Open vSwitch, user-space datapath, vxlan",
  missing: async () =>
    (await attempt(["ovs-vswitchd", "--version"])).code === 0 ? null : "Debian package openvswitch-switch is not installed",
  setUp: async ({ hosts: [a, b], containers: [from, to] }) => {
    for (const host of [a, b]) await finishChecksums(host);
    const ends = [await ovsVtep(a, { vni: VNI, peers: [b.ip4] }), await ovsVtep(b, { vni: VNI, peers: [a.ip4] })];
    await ends[0].attach(from);
    await ends[1].attach(to);
    return { pids: ends.map((end) => end.pid) };
  },
};
