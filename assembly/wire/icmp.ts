// ICMP (RFC 792) and ICMPv6 (RFC 4443): type 1, code 1, checksum 2, then four bytes that depend on the type.

export const ICMP_BYTES: u32 = 8;
export const ICMP_CODE: usize = 1;
export const ICMP_CHECKSUM: usize = 2;
/** Next-hop MTU of "fragmentation needed", 16 bits (RFC 1191 section 4). */
export const ICMP_NEXT_MTU: usize = 6;
/** MTU of "packet too big", 32 bits (RFC 4443 section 3.2). */
export const ICMPV6_MTU: usize = 4;

export const ICMP_UNREACHABLE: u32 = 3;
export const ICMP_FRAGMENTATION_NEEDED: u32 = 4;
export const ICMPV6_PACKET_TOO_BIG: u32 = 2;
const ICMPV6_REDIRECT: u32 = 137;

/** Errors must not answer errors (RFC 1122 section 3.2.2): unreachable, source quench, redirect, time exceeded, parameter problem. */
export function isIcmpError(type: u32): bool {
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/** RFC 4443 section 2.4 (e): types below 128 are errors; redirects are not answered either. */
export function isIcmpv6Error(type: u32): bool {
  return type < 128 || type == ICMPV6_REDIRECT;
}
