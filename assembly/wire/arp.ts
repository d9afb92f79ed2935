// ARP for IPv4 over Ethernet (RFC 826): hardware type 2, protocol type 2, lengths 1 + 1, operation 2, then the sender's
// MAC 6 and IP 4, then the target's.

import { be16 } from "./ethernet";

export const ARP_BYTES: u32 = 28;
export const ARP_OPERATION: usize = 6;
export const ARP_SENDER_MAC: usize = 8;
export const ARP_SENDER_IP: usize = 14;
export const ARP_TARGET_MAC: usize = 18;
export const ARP_TARGET_IP: usize = 24;

export const ARP_REQUEST: u32 = 1;
export const ARP_REPLY: u32 = 2;

/** Hardware 1 (Ethernet), protocol 0x0800, lengths 6 and 4: as one little-endian word. */
export const ARP_ETHERNET_IPV4: u64 = 0x0000040600080100;
const FIRST_SIX: u64 = 0x0000ffffffffffff;

@inline
export function isArpRequest(arp: usize): bool {
  return (load<u64>(arp) & FIRST_SIX) == ARP_ETHERNET_IPV4 && be16(arp + ARP_OPERATION) == ARP_REQUEST;
}
