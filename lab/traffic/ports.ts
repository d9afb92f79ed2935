// Ports that the lab's traffic uses, none of them another protocol's.

/** Files and numbered datagrams. */
export const PORT = 50_007;
/** The TCP connection that lives through a restart. */
export const HEARTBEAT_PORT = 50_008;
export const PORTS = [PORT, HEARTBEAT_PORT];
