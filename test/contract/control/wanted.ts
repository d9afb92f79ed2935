// `Desired` as a test writes it, and what differs between two of them.

import type { Desired, DesiredNetwork, Dirty, NetworkSettings } from "../../../host/model/forwarding.ts";
import { formatMac } from "../../../host/model/mac.ts";
import { networkConfig } from "./plane.ts";

export const mac = (i: number) => formatMac(0x020000000000 + i);

export interface Content {
  settings?: Partial<NetworkSettings>;
  peers?: string[];
  fdb?: Record<string, string>;
  neighbors?: Record<string, string>;
}

export function wanted(networks: Record<string, Content>): Desired {
  return new Map(Object.entries(networks).map(([name, content]) => [name, network(name, content)]));
}

export function network(name: string, { settings, peers, fdb, neighbors }: Content): DesiredNetwork {
  const { peers: _peers, fdb: _fdb, neighbors: _neighbors, ports: _ports, ...defaults } = networkConfig({ name, learning: false });
  return {
    settings: { ...defaults, ...settings },
    peers: new Set(peers),
    fdb: new Map(Object.entries(fdb ?? {})),
    neighbors: new Map(Object.entries(neighbors ?? {})),
    ports: new Map(),
  };
}

/** All that differs, as the follower of the cluster's state tells it. */
export function differences(before: Desired, after: Desired): Dirty {
  const keys = (part: "fdb" | "neighbors", name: string) => {
    const [a, b] = [before.get(name)?.[part] ?? new Map(), after.get(name)?.[part] ?? new Map()];
    return new Set([...a.keys(), ...b.keys()].filter((key) => a.get(key) !== b.get(key)));
  };
  const names = new Set([...before.keys(), ...after.keys()]);
  return new Map([...names].map((name) => [name, { frame: true, macs: keys("fdb", name), ips: keys("neighbors", name) }]));
}
