// A port: one TAP on one network of this host. Its file descriptor is not here but where the core cannot write (host/core/entries.ts).

export const PORT_BYTES = 64;
/** u32. PORT_FREE, PORT_UP or PORT_CLOSING. */
export const P_STATE = 0;
/** u32. Worker that reads it (design rule 2). */
export const P_OWNER = 4;
/** u32. Network index. */
export const P_NETWORK = 8;
/** u64. Its MAC as a number: first byte on the wire in bits 47..40. */
export const P_MAC = 16;

export const PORT_FREE = 0;
export const PORT_UP = 1;
/** Nobody starts a new read or write; the fd is closed once every worker has seen this generation. */
export const PORT_CLOSING = 2;
