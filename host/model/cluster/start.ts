// How `weft up` and `weft join` were called: host/cli checks and fills in, host/agent uses it.

import type { InjectionMode } from "../config.ts";

export interface MemberOptions {
  /** Of this node, for people; unique in the cluster. Default: the host's name. */
  name: string;
  /** This host's address on the underlay: VTEP, and where managers are reached; null = the source address of the default route. */
  advertise: string | null;
  /** Where a manager serves; a worker does not. */
  listen: { host: string; port: number };
  metrics: { host: string; port: number } | null;
  socket: string;
  stateDir: string;
  /** Data-path threads. */
  workers: number;
  injection: InjectionMode;
  store: StoreOptions;
  /** `weft join`: the token, and managers as HOST:PORT; null for `weft up`. */
  join: { token: string; managers: string[] } | null;
  /** What a new cluster is made with; a node that was a member takes the cluster's. */
  create: { dataPort: number; pools: { base: string; size: number }[] };
}

/** How `weft restore` was called. */
export interface RestoreOptions {
  /** What `weft backup` wrote. */
  file: string;
  stateDir: string;
}

/** How `weft leave --force` was called where no agent runs. */
export interface AbandonOptions {
  stateDir: string;
}

export type StoreOptions =
  | { kind: "embedded" }
  | { kind: "etcd"; endpoints: string[]; ca: string | null; cert: string | null; key: string | null; user: string | null };

export const DEFAULT_SOCKET = "/run/weft/weft.sock";
export const DEFAULT_STATE_DIR = "/var/lib/weft";
export const DEFAULT_LISTEN_PORT = 2377;
export const DEFAULT_POOLS = [{ base: "10.0.0.0/8", size: 24 }];
