// Why a frame was dropped. The number is the same in the core, the metrics and the docs; the name is the constant's, lower case,
// without DROP_, and the kernel's own where it has one (include/net/dropreason-core.h). host/model/reason.ts tells each to a person.

export const DROP_NONE = 0;
export const DROP_PKT_TOO_SMALL = 1;
export const DROP_HDR_TRUNC = 2;
export const DROP_DEV_HDR = 3;
export const DROP_VXLAN_INVALID_HDR = 4;
export const DROP_VXLAN_RESERVED_BITS = 5;
export const DROP_VXLAN_VNI_NOT_FOUND = 6;
export const DROP_VXLAN_UNLISTED_SOURCE = 7;
export const DROP_VXLAN_ENTRY_EXISTS = 8;
export const DROP_MAC_INVALID_SOURCE = 9;
export const DROP_MAC_IEEE_MAC_CONTROL = 10;
export const DROP_LOCAL_MAC = 11;
export const DROP_LOOPED = 12;
export const DROP_SPLIT_HORIZON = 13;
export const DROP_SAME_PORT = 14;
export const DROP_NO_TX_TARGET = 15;
export const DROP_VLAN_TAGGED = 16;
export const DROP_IP_INHDR = 17;
export const DROP_IP_TUNNEL_ECN = 18;
export const DROP_PKT_TOO_BIG = 19;
export const DROP_SKB_GSO_SEG = 20;
export const DROP_PORT_DOWN = 21;
export const DROP_FULL_RING = 22;
export const DROP_TX_UNREACHABLE = 23;
export const DROP_TX_ERROR = 24;
export const DROP_CORE_TRAP = 25;
export const DROP_VTEP_SUSPENDED = 26;
/** One more than the last. */
export const REASONS = 27;
