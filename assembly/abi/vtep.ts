// A remote VTEP.

export const VTEP_BYTES = 64;
/** u32. 0 = free, 4 or 6 = the outer address family. Stored last. */
export const V_FAMILY = 0;
/** u32. Destination UDP port. */
export const V_PORT = 4;
/** u32. The largest inner IP packet whose encapsulation fits the path to it, in bytes. */
export const V_MTU = 8;
/** 16 B. Address in network order; IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). */
export const V_ADDRESS = 16;
/** 14 B. The Ethernet header of outer packets to it: the next hop's MAC, our interface's, the type. Valid while V_INJECT is not 0. */
export const V_NEXT_HOP = 32;
/** u32. INJECT_*: what may leave by the underlay TAP (assembly/path/inject.ts). */
export const V_INJECT = 48;
export const INJECT_NOTHING = 0;
/** Frames that come alone; superframes are cut here, since the interface would have them cut in software. */
export const INJECT_LONE = 1;
export const INJECT_ALL = 2;
/** u32. 1 = nothing is sent there for now (drop vtep_suspended), but on networks with NETWORK_PROBES; what comes from there is accepted. */
export const V_SUSPENDED = 52;
