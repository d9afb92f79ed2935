// What fits this build's tables, as a person counts: entry 0 of each table in the packet core means "none", so one less than
// assembly/abi/limits.ts says.

import { FLOOD_PORTS_MAX, FLOOD_VTEPS_MAX, NETWORKS_MAX, PORTS_MAX, VTEPS_MAX, WORKERS_MAX } from "../../assembly/abi/limits.ts";

export const NETWORKS_LIMIT = NETWORKS_MAX - 1;
/** Ports of a host, all networks together. */
export const PORTS_LIMIT = PORTS_MAX - 1;
/** Remote VTEPs that a host knows. */
export const VTEPS_LIMIT = VTEPS_MAX - 1;
/** Ports of one network on one host. */
export const NETWORK_PORTS_LIMIT = FLOOD_PORTS_MAX;
/** Peers of one network. */
export const NETWORK_PEERS_LIMIT = FLOOD_VTEPS_MAX;
export const WORKERS_LIMIT = WORKERS_MAX;
