// A network's entry, and its flood list.

export const NETWORK_BYTES = 64;
/** u32. The VNI; valid while N_FLAGS has NETWORK_LIVE. */
export const N_VNI = 0;
/** u32. Bits below. */
export const N_FLAGS = 4;
/** u32. Inner IP MTU in bytes. */
export const N_MTU = 8;
/** i32. The outer TOS byte's DSCP part (0xfc mask), or -1: inherit the inner one. ECN always follows RFC 6040. */
export const N_TOS = 12;
/** i32. Outer TTL or hop limit, or -1: inherit the inner one. */
export const N_TTL = 16;
/** u32. Learned FDB entries unseen for so many ticks are removed. */
export const N_AGEING = 20;
/** u32. 0 or 1: which copy of the flood list readers use. */
export const N_FLOOD_COPY = 24;

/** u32. FDB entries of this network, kept by the table's writer. */
export const N_LEARNED = 28;
export const N_STATIC = 32;
/** u32. Learned entries allowed; more are refused and counted by the host. */
export const N_LEARNED_MAX = 36;

export const NETWORK_LIVE = 1;
export const NETWORK_LEARNING = 2;
export const NETWORK_UNLISTED_SOURCES = 4;
export const NETWORK_RESERVED_BITS = 8;
export const NETWORK_VLAN_TAGS = 16;
/** Its frames find out what a path carries: they go to suspended VTEPs too, and are not held to the MTU that the path is believed to have. */
export const NETWORK_PROBES = 32;

/** A flood list: counts, VTEPs, ports, and the set of VTEPs whose frames are accepted. Two copies a network, behind N_FLOOD_COPY. */
export const FLOOD_BYTES = 11264;
/** u32 */
export const F_VTEP_COUNT = 0;
/** u32 */
export const F_PORT_COUNT = 4;
/** u16 × FLOOD_VTEPS_MAX: VTEP indices. */
export const F_VTEPS = 8;
/** u16 × FLOOD_PORTS_MAX: port indices. */
export const F_PORTS = 8200;
/** VTEPS_MAX bits: bit i of byte i/8 set = VTEP i is a peer of this network. */
export const F_SOURCES = 10248;
