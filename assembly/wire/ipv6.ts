// IPv6 (RFC 8200): version, traffic class and flow label 4, payload length 2, next header 1, hop limit 1, addresses 16 + 16.

import { be16, setBe16 } from "./ethernet";

export const IPV6_BYTES: u32 = 40;
export const IPV6_ADDRESS_BYTES: u32 = 16;
export const IPV6_PAYLOAD: usize = 4;
export const IPV6_NEXT: usize = 6;
export const IPV6_HOPS: usize = 7;
export const IPV6_SOURCE: usize = 8;
export const IPV6_DESTINATION: usize = 24;

/** Next headers that stand in front of the transport (RFC 8200 section 4). */
export const NEXT_HOP_BY_HOP: u32 = 0;
export const NEXT_ROUTING: u32 = 43;
export const NEXT_FRAGMENT: u32 = 44;
export const NEXT_DESTINATION: u32 = 60;
/** Routing header (RFC 8200 section 4.4): length in units of 8 bytes less one, type, segments left. */
const ROUTING_UNITS: usize = 1;
const ROUTING_TYPE: usize = 2;
const ROUTING_LEFT: usize = 3;
const ROUTING_ADDRESSES: usize = 8;
/** RFC 5095 (deprecated) and RFC 6554: the last address is the last hop. */
const ROUTING_SOURCE: u32 = 0;
const ROUTING_RPL: u32 = 3;
/** RFC 6275 has one address, RFC 8754 the last hop first. */
const ROUTING_MOBILITY: u32 = 2;
const ROUTING_SEGMENTS: u32 = 4;
/** RFC 6554: how much of the addresses is elided (CmprI, CmprE), and padding. */
const RPL_COMPRESSION: usize = 4;
/** Extension headers looked through; a longer chain is forwarded by addresses alone. */
export const IPV6_EXTENSIONS_MAX: u32 = 8;

@inline
export function ipv6Version(ip: usize): u32 {
  return <u32>load<u8>(ip) >> 4;
}

@inline
export function ipv6Payload(ip: usize): u32 {
  return be16(ip + IPV6_PAYLOAD);
}

@inline
export function ipv6TrafficClass(ip: usize): u32 {
  return (be16(ip) >> 4) & 255;
}

export function setIpv6TrafficClass(ip: usize, value: u32): void {
  setBe16(ip, (be16(ip) & 0xf00f) | (value << 4));
}

@inline
export function isMulticast6(address: usize): bool {
  return load<u8>(address) == 255;
}

@inline
export function isUnspecified6(address: usize): bool {
  return (load<u64>(address) | load<u64>(address, 8)) == 0;
}

/** ::1 */
export function isLoopback6(address: usize): bool {
  return load<u64>(address) == 0 && load<u64>(address, 8) == 0x0100000000000000;
}

/**
 * The address that the pseudo-header has as destination behind the routing header at `at`, which lies within the packet: while segments are left
 * it is the last hop's (RFC 8200 section 8.1). `destination` where there is none, or none that lies there whole.
 */
export function lastHop(at: usize, destination: usize): usize {
  const units = <usize>load<u8>(at, ROUTING_UNITS);
  if (load<u8>(at, ROUTING_LEFT) == 0 || units < 2) return destination;
  const type = <u32>load<u8>(at, ROUTING_TYPE);
  if (type == ROUTING_SEGMENTS || type == ROUTING_MOBILITY) return at + ROUTING_ADDRESSES;
  const isWhole = type == ROUTING_SOURCE || (type == ROUTING_RPL && load<u16>(at, RPL_COMPRESSION) == 0);
  return isWhole ? at + (units << 3) - 8 : destination;
}
