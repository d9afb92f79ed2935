// Two hosts with an agent each and two networks. On "load" one container each, for streams and floods; on "mixed" one each, for pings and broadcasts,
// and on the first host another one that comes and goes.

import { type Agent, type NetworkFile, portFor, startAgent } from "../../lab/agent.ts";
import type { Lab } from "../../lab/lab.ts";
import { type Container, container, type Host, underlay } from "../../lab/topology.ts";
import { ping } from "../../lab/traffic/ping.ts";
import { eventually } from "../../lab/wait.ts";

export interface World {
  lab: Lab;
  hosts: Host[];
  agents: Agent[];
  load: [Container, Container];
  mixed: [Container, Container];
  guest: Container;
}

const START_MS = 20_000;

/** Everything, once both networks carry a ping. The lab removes it. */
export async function standWorld(lab: Lab, workers: number | null): Promise<World> {
  const hosts = await underlay(lab, ["a", "b"]);
  const load: World["load"] = [await container(lab, "la", 1), await container(lab, "lb", 2)];
  const mixed: World["mixed"] = [await container(lab, "ma", 3), await container(lab, "mb", 4)];
  const guest = await container(lab, "guest", 5);
  const agents = await Promise.all(
    hosts.map((host, side) => {
      const peers = [hosts[1 - side].ip4];
      const networks: NetworkFile[] = [
        { name: "load", vni: 42, peers, ports: [portFor(load[side])] },
        { name: "mixed", vni: 43, peers, ports: [mixed[side], ...(side === 0 ? [guest] : [])].map(portFor) },
      ];
      return startAgent(host, { ...(workers === null ? {} : { workers }), networks });
    }),
  );
  for (const [from, to] of [load, mixed]) await reachable(from, to);
  return { lab, hosts, agents, load, mixed, guest };
}

/** Waits until `from` reaches `to`. */
export async function reachable(from: Container, to: Container): Promise<void> {
  const probe = async () => (await ping(from.netns, to.ip4, { count: 1, waitSeconds: 1 })).received === 1;
  await eventually(`container ${from.name} to reach ${to.name}`, probe, START_MS);
}
