// weft: an agent on each host, with as many workers as `--workers` says.

import { existsSync } from "node:fs";
import { portFor, startAgent, WEFT } from "../../lab/agent.ts";
import type { Container, Host } from "../../lab/topology.ts";
import type { Peer } from "./peer.ts";

const VNI = 42;

const KINDS = {
  native: { name: "weft", description: "weft", options: { backend: "native" } },
  injected: { name: "weft-injected", description: "weft, superframes injected", options: { backend: "native", injection: true } },
  dgram: { name: "weft-dgram", description: "weft, portable dgram backend", options: { backend: "dgram" } },
} as const;

/** The peer for one way of the data path; `workers` null = the agent's default. */
export function weft(kind: keyof typeof KINDS, workers: number | null = null): Peer {
  const { name, description, options } = KINDS[kind];
  const start = (host: Host, other: Host, container: Container) =>
    startAgent(host, {
      ...options,
      ...(workers === null ? {} : { workers }),
      networks: [{ name: "bench", vni: VNI, peers: [other.ip4], ports: [portFor(container)] }],
    });
  return {
    name,
    description,
    missing: async () => (existsSync(WEFT) ? null : "bin/weft is not there"),
    setUp: async ({ hosts: [a, b], containers: [from, to] }) => {
      const agents = [await start(a, b, from), await start(b, a, to)];
      return { pids: agents.map((agent) => agent.pid) };
    },
  };
}
