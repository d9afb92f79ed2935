// Open vSwitch with its user-space datapath: the other user-space VXLAN switch that Debian has.

import { ovsVtep } from "../../lab/ovs-vtep.ts";
import { finishChecksums } from "../../lab/topology.ts";
import type { Peer } from "./peer.ts";
import { lacking } from "./tunnel.ts";

const VNI = 42;

export const openvswitch: Peer = {
  name: "openvswitch",
  description: "Open vSwitch, user-space datapath, vxlan",
  missing: () => lacking("ovs-vswitchd", "openvswitch-switch"),
  setUp: async ({ hosts: [a, b], containers: [from, to], mtu }) => {
    for (const host of [a, b]) await finishChecksums(host);
    const ends = [await ovsVtep(a, { vni: VNI, mtu, peers: [b.ip4] }), await ovsVtep(b, { vni: VNI, mtu, peers: [a.ip4] })];
    await ends[0].attach(from);
    await ends[1].attach(to);
    return { pids: ends.map((end) => end.pid) };
  },
  setUpSameHost: async ({ hosts: [a], containers, mtu }) => {
    const end = await ovsVtep(a, { vni: VNI, mtu, peers: [] });
    for (const container of containers) await end.attach(container);
    return { pids: [end.pid] };
  },
};
