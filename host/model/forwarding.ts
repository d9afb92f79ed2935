// What this host shall forward: the same whether a file says so (static mode) or the cluster's state does. host/control/plan.ts compares it
// with what the tables have. MACs are lower-case text, addresses canonical text. Main thread.

import type { NetworkConfig, PortConfig } from "./config.ts";

/** All networks of this host: by name when a file says so, which has each once; by id in a cluster, where another network may have the name of one that goes. */
export type Desired = Map<string, DesiredNetwork>;

/** Everything of a network that is not a list: host/model/config.ts says what each is. */
export type NetworkSettings = Omit<NetworkConfig, "peers" | "fdb" | "neighbors" | "ports">;

export interface DesiredNetwork {
  settings: NetworkSettings;
  /** VTEPs that get what is flooded, and whose frames are accepted. */
  peers: Set<string>;
  /** MAC → VTEP. */
  fdb: Map<string, string>;
  /** IP → MAC. */
  neighbors: Map<string, string>;
  /** By `netns/interface`. */
  ports: Map<string, PortConfig>;
}

/** What of `Desired` may have changed since it was last applied; "all" when nobody knows. */
export type Dirty = "all" | Map<string, DirtyNetwork>;

export interface DirtyNetwork {
  /** Settings, peers and ports: few, so compared whole. */
  frame: boolean;
  macs: Set<string>;
  ips: Set<string>;
}

/** VTEPs to which nothing is sent for now: what goes there is dropped as `vtep_suspended`; their entries stay. */
export type Suspended = ReadonlySet<string>;

/** What an apply or a reconcile did. */
export interface Applied {
  /** Entries, networks and ports that were made, changed or removed. */
  actions: number;
  /** What could not be done, one line each: the next reconcile tries again. */
  failures: string[];
}
