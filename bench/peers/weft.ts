// weft: an agent on each host, with as many workers as `--workers` says.

import { existsSync } from "node:fs";
import { type AgentOptions, portFor, startAgent, WEFT } from "../../lab/agent.ts";
import type { Container, Host } from "../../lab/topology.ts";
import type { Peer } from "./peer.ts";

const VNI = 42;

/** Each way of the data path that is measured, as the agent's file has it. */
const KINDS = {
  weft: { description: "weft", options: { backend: "native", injection: "auto" } },
  "weft-sockets": { description: "weft, no injection", options: { backend: "native", injection: "off" } },
  "weft-dgram": { description: "weft, portable dgram backend", options: { backend: "dgram" } },
} satisfies Record<string, { description: string; options: Partial<AgentOptions> }>;

/** The peer for one way of the data path; `workers` null = the agent's default. */
export function weft(name: keyof typeof KINDS, workers: number | null = null): Peer {
  const { description, options } = KINDS[name];
  const start = (host: Host, peers: string[], containers: readonly Container[]) =>
    startAgent(host, {
      ...options,
      ...(workers === null ? {} : { workers }),
      networks: [{ name: "bench", vni: VNI, peers, ports: containers.map(portFor) }],
    });
  return {
    name,
    description,
    missing: async () => (existsSync(WEFT) ? null : "bin/weft is not there"),
    setUp: async ({ hosts: [a, b], containers: [from, to] }) => {
      const agents = [await start(a, [b.ip4], [from]), await start(b, [a.ip4], [to])];
      return { pids: agents.map((agent) => agent.pid) };
    },
    setUpSameHost: async ({ hosts: [a], containers }) => {
      const agent = await start(a, [], containers);
      return { pids: [agent.pid] };
    },
  };
}
