// Open vSwitch as a VXLAN end, on its user-space datapath (datapath_type=netdev): no kernel module, an independent implementation of RFC 7348.
// Each host has an ovsdb-server and an ovs-vswitchd of its own, with their files in the lab's directory.
//
//   container[eth0] ══ veth ══ [c0]br0[vx0]     br-phy[eth0] ──► UDP 4789
//
// The user-space datapath has its own ARP and routes: the host's underlay address moves from eth0 to br-phy, of which eth0 becomes a port, as
// Open vSwitch's "Userspace datapath: VXLAN" how-to has it. It verifies outer checksums, which a veth leaves unfinished: see finishChecksums.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ipBatch, run } from "./command.ts";
import { attachByVeth } from "./linux-vtep.ts";
import type { Container, Host } from "./topology.ts";

const SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema";

export interface OvsVtep {
  host: Host;
  /** Process id of ovs-vswitchd. */
  pid: number;
  attach(container: Container): Promise<void>;
}

/** Starts Open vSwitch in a host, IPv4 underlay, one tunnel port to each peer. */
export async function ovsVtep(host: Host, options: { vni: number; peers: readonly string[]; mtu?: number }): Promise<OvsVtep> {
  const mtu = options.mtu ?? 1450;
  const directory = join(host.lab.directory, `ovs-${host.name}`);
  mkdirSync(directory);
  const environment = { OVS_RUNDIR: directory, OVS_LOGDIR: directory, OVS_DBDIR: directory, OVS_SYSCONFDIR: directory };
  const socket = `unix:${join(directory, "db.sock")}`;
  const database = join(directory, "conf.db");
  await run(["ovsdb-tool", "create", database, SCHEMA]);
  const server = host.lab.spawn(["ovsdb-server", `--remote=p${socket}`, "--no-chdir", "-vconsole:info", "-vsyslog:off", database], {
    netns: host.netns,
    environment,
    name: `ovsdb-server ${host.name}`,
  });
  await server.waitFor(/ovsdb-server \(Open vSwitch\)/, "stderr");
  const vsctl = (...words: string[]) => run(["ovs-vsctl", `--db=${socket}`, "--timeout=20", ...words], { netns: host.netns });
  await vsctl("--no-wait", "init");
  const daemon = host.lab.spawn(["ovs-vswitchd", socket, "--no-chdir", "-vconsole:info", "-vsyslog:off"], {
    netns: host.netns,
    environment,
    name: `ovs-vswitchd ${host.name}`,
  });
  const mac = (await run(["cat", `/sys/class/net/${host.device}/address`], { netns: host.netns })).trim();
  await vsctl("add-br", "br-phy", "--", "set", "bridge", "br-phy", "datapath_type=netdev", `other-config:hwaddr=${mac}`);
  await vsctl("add-port", "br-phy", host.device);
  await ipBatch(
    [
      `address flush dev ${host.device}`,
      `address add ${host.ip4}/24 dev br-phy`,
      `address add ${host.ip6}/64 dev br-phy nodad`,
      "link set br-phy up",
    ],
    host.netns,
  );
  await vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev");
  for (const [index, peer] of options.peers.entries()) {
    const port = `vx${index}`;
    const tunnel = ["type=vxlan", `options:remote_ip=${peer}`, `options:key=${options.vni}`, "options:csum=true"];
    await vsctl("add-port", "br0", port, "--", "set", "interface", port, ...tunnel);
  }
  let ports = 0;
  return {
    host,
    pid: daemon.pid,
    attach: async (container) => {
      const port = `c${ports++}`;
      await attachByVeth(host, port, null, container, mtu);
      await run(["ethtool", "-K", "eth0", "tx", "off"], { netns: container.netns });
      await vsctl("add-port", "br0", port);
    },
  };
}
