// IPv4 (RFC 791): version and IHL, TOS, total length, id, flags and fragment offset, TTL, protocol, checksum, addresses.

import { be16 } from "./ethernet";

export const IPV4_BYTES: u32 = 20;
export const IPV4_TOS: usize = 1;
export const IPV4_TOTAL: usize = 2;
export const IPV4_ID: usize = 4;
export const IPV4_FRAGMENT: usize = 6;
export const IPV4_TTL: usize = 8;
export const IPV4_PROTOCOL: usize = 9;
export const IPV4_CHECKSUM: usize = 10;
export const IPV4_SOURCE: usize = 12;
export const IPV4_DESTINATION: usize = 16;

/** Flags and fragment offset. */
export const IPV4_DF: u32 = 0x4000;
export const IPV4_MF_AND_OFFSET: u32 = 0x3fff;

export const PROTOCOL_ICMP: u32 = 1;
export const PROTOCOL_TCP: u32 = 6;
export const PROTOCOL_UDP: u32 = 17;
export const PROTOCOL_ICMPV6: u32 = 58;

@inline
export function ipv4HeaderBytes(ip: usize): u32 {
  return (<u32>load<u8>(ip) & 15) << 2;
}

@inline
export function ipv4Version(ip: usize): u32 {
  return <u32>load<u8>(ip) >> 4;
}

@inline
export function ipv4Total(ip: usize): u32 {
  return be16(ip + IPV4_TOTAL);
}

@inline
export function ipv4FragmentField(ip: usize): u32 {
  return be16(ip + IPV4_FRAGMENT);
}

/** An address (in memory order) that is neither 0/8, 127/8, multicast, class E nor broadcast. */
export function ipv4IsHost(address: u32): bool {
  const first = address & 255;
  return first != 0 && first != 127 && first < 224;
}
