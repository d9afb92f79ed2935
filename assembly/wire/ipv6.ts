// IPv6 (RFC 8200): version, traffic class and flow label 4, payload length 2, next header 1, hop limit 1, addresses 16 + 16.

import { be16, setBe16 } from "./ethernet";

export const IPV6_BYTES: u32 = 40;
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
