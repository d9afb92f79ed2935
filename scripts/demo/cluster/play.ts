// npm run demo: three hosts become one cluster; a network is made once and is everywhere; containers on each host reach each other; one agent is
// killed and comes back, and what runs is not touched.

import { type Cluster, type Member, startCluster } from "../../../lab/cluster.ts";
import type { Lab } from "../../../lab/lab.ts";
import { underlay } from "../../../lab/topology.ts";
import { chapter, check, command, say, show } from "../tell.ts";
import { inspectNetwork, killAndReturn, leave, look, pings, runContainers, transfers, whoIsWhere } from "./acts.ts";

const PICTURE = `
  host a   10.99.0.1            host b   10.99.0.2            host c   10.99.0.3
┌─────────────────────────┐   ┌─────────────────────────┐   ┌─────────────────────────┐
│ [web]                   │   │ [db]                    │   │ [cache]                 │
│   └─ weft up            │   │   └─ weft join          │   │   └─ weft join          │
│      agent and manager  │   │      agent              │   │      agent              │
└───────────┼─────────────┘   └───────────┼─────────────┘   └───────────┼─────────────┘
            └──────── the underlay: an ordinary IP network ─────────────┘`;

function introduce(): void {
  say(`
    Containers on different machines want to talk as if they were plugged into one Ethernet switch. The machines only have an ordinary IP
    network between them. An overlay makes the one out of the other: on each machine, weft takes the Ethernet frames that a container sends,
    wraps each in a UDP packet to the machine where the receiver is (that is VXLAN, RFC 7348), and unwraps it there.`);
  show(PICTURE);
  say(`
    The three "hosts" here are network namespaces of this machine, joined by a virtual switch. The kernel treats them as separate computers:
    what follows is real traffic between real processes.`);
}

export async function playCluster(lab: Lab): Promise<void> {
  introduce();
  const hosts = await underlay(lab, ["a", "b", "c"]);

  chapter("The first host makes a cluster, the others join it");
  const cluster = await form(hosts);

  chapter("A network, made once, known everywhere");
  await look(cluster.manager, "network", "create", "--ipv6", "blue");
  await look(cluster.members[2], "network", "ls");
  say("Host c was asked, not host a: whichever agent is asked, a manager decides, and every host knows at once.");

  chapter("A container on each host");
  const containers = await runContainers(cluster);

  chapter("Who is in the network, and where?");
  await inspectNetwork(cluster, containers);

  chapter("Can the containers see each other?");
  await pings(containers);

  chapter("A file by TCP, between every two hosts");
  await transfers(lab, containers);

  chapter("How did host a know where to send?");
  say(`
    Nobody had to learn anything: the cluster knows on which host each container is, so every host that takes part has the forwarding entries
    and the answers to "who has this address?" before the first frame. Nothing is flooded.`);
  await whoIsWhere(cluster.manager);

  chapter("An agent is killed. And then?");
  await killAndReturn(lab, cluster, containers);

  chapter("Tidying up");
  await leave(cluster, containers);
}

async function form(hosts: Parameters<typeof startCluster>[0]): Promise<Cluster> {
  const cluster = await startCluster([hosts[0]]);
  command("weft up                          # on host a", cluster.manager.daemon.stdout.trim());
  await look(cluster.manager, "token", "worker");
  for (const host of hosts.slice(1)) {
    const member: Member = await cluster.newMember(host);
    command(`weft join --token … 10.99.0.1:2377   # on host ${host.name}`, await member.start());
  }
  const text = await look(cluster.manager, "node", "ls");
  check(text.split("\n").filter((line) => /\bready\b/i.test(line)).length === 3, "the cluster has three nodes, all ready");
  return cluster;
}
