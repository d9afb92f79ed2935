// What the demo is played on: three hosts on one underlay, two with a weft agent and two containers each, one with only Linux's vxlan.

import { Document, isCollection, visit } from "yaml";
import { type Agent, agentFile, type NetworkFile, portFor, startAgent } from "../../../lab/agent.ts";
import type { Lab } from "../../../lab/lab.ts";
import { linuxVtep } from "../../../lab/linux-vtep.ts";
import { type Container, container, type Host, underlay } from "../../../lab/topology.ts";

export const VNI = 42;

export const PICTURE = `
  host a   10.99.0.1            host b   10.99.0.2            host c   10.99.0.3
┌─────────────────────────┐   ┌─────────────────────────┐   ┌─────────────────────────┐
│ [a1]         [a2]       │   │ [b1]         [b2]       │   │ [c1]                    │
│ 10.0.0.1     10.0.0.2   │   │ 10.0.0.3     10.0.0.4   │   │ 10.0.0.5                │
│   └─ weft agent ─┘      │   │   └─ weft agent ─┘      │   │   └─ Linux's own vxlan  │
│           │             │   │           │             │   │           (no weft)     │
└───────────┼─────────────┘   └───────────┼─────────────┘   └───────────┼─────────────┘
            └──────── the underlay: an ordinary IP network ─────────────┘`;

export interface World {
  lab: Lab;
  hosts: { a: Host; b: Host; c: Host };
  containers: { a1: Container; a2: Container; b1: Container; b2: Container; c1: Container };
}

/** Makes the hosts, the underlay and the containers, which have no network yet. */
export async function build(lab: Lab): Promise<World> {
  const [a, b, c] = await underlay(lab, ["a", "b", "c"]);
  const [a1, a2] = [await container(lab, "a1", 1), await container(lab, "a2", 2)];
  const [b1, b2] = [await container(lab, "b1", 3), await container(lab, "b2", 4)];
  return { lab, hosts: { a, b, c }, containers: { a1, a2, b1, b2, c1: await container(lab, "c1", 5) } };
}

function network(host: Host, others: readonly Host[], containers: readonly Container[]): NetworkFile {
  return {
    name: "blue",
    vni: VNI,
    peers: others.filter((other) => other !== host).map((other) => other.ip4),
    ports: containers.map(portFor),
  };
}

/** The networks that each agent's file has. */
function networks({ hosts, containers }: World): { a: NetworkFile; b: NetworkFile } {
  const all = Object.values(hosts);
  return {
    a: network(hosts.a, all, [containers.a1, containers.a2]),
    b: network(hosts.b, all, [containers.b1, containers.b2]),
  };
}

/** Host a's configuration as text, a port a line, without the paths that only the demo needs. */
export function exampleFile(world: World): string {
  const { node, networks: list } = agentFile(world.hosts.a, { networks: [networks(world).a] });
  const document = new Document({ node, networks: list });
  visit(document, {
    Collection: (key, value) => {
      if (typeof key === "number" && value.has("netns")) value.flow = true;
    },
    Pair: (_, pair) => {
      if (isCollection(pair.value) && ["node", "peers"].includes(String(pair.key))) pair.value.flow = true;
    },
  });
  return document.toString({ lineWidth: 0 });
}

export async function startAgents(world: World): Promise<{ a: Agent; b: Agent }> {
  const file = networks(world);
  const [a, b] = await Promise.all([startAgent(world.hosts.a, { networks: [file.a] }), startAgent(world.hosts.b, { networks: [file.b] })]);
  return { a, b };
}

/** Puts the kernel's own end on host c. */
export async function startLinux({ hosts: { a, b, c }, containers }: World): Promise<void> {
  const vtep = await linuxVtep(c, { vni: VNI, peers: [a.ip4, b.ip4], flags: ["udpcsum"] });
  await vtep.attach(containers.c1);
}
