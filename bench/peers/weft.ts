// weft: an agent on each host, with as many workers as `--workers` says.

import { existsSync } from "node:fs";
import { portFor, startAgent, WEFT } from "../../lab/agent.ts";
import type { Container, Host } from "../../lab/topology.ts";
import type { Peer } from "./peer.ts";

const VNI = 42;

/** The peer for one backend of the data path; `workers` null = the agent's default. */
export function weft(backend: "native" | "dgram", workers: number | null = null): Peer {
  const start = (host: Host, other: Host, container: Container) =>
    startAgent(host, {
      backend,
      ...(workers === null ? {} : { workers }),
      networks: [{ name: "bench", vni: VNI, peers: [other.ip4], ports: [portFor(container)] }],
    });
  return {
    name: backend === "native" ? "weft" : "weft-dgram",
    description: backend === "native" ? "weft" : "weft, portable dgram backend",
    missing: async () => (existsSync(WEFT) ? null : "bin/weft is not there"),
    setUp: async ({ hosts: [a, b], containers: [from, to] }) => {
      const agents = [await start(a, b, from), await start(b, a, to)];
      return { pids: agents.map((agent) => agent.pid) };
    },
  };
}
