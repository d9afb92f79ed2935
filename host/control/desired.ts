// Static mode's `Desired`: the file, once. Main thread.

import type { NetworkConfig, StaticConfig } from "../model/config.ts";
import type { Desired, DesiredNetwork } from "../model/forwarding.ts";

export function desiredOf(config: StaticConfig): Desired {
  return new Map(config.networks.map((network) => [network.name, desiredNetwork(network)]));
}

function desiredNetwork({ peers, fdb, neighbors, ports, ...settings }: NetworkConfig): DesiredNetwork {
  return {
    settings,
    peers: new Set(peers),
    fdb: new Map(fdb.map(({ mac, vtep }) => [mac, vtep])),
    neighbors: new Map(neighbors.map(({ ip, mac }) => [ip, mac])),
    ports: new Map(ports.map((port) => [`${port.netns}/${port.interface}`, port])),
  };
}
