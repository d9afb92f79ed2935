// Ethernet II (IEEE 802.3 clause 3): destination 6, source 6, type 2. No FCS: VXLAN carries none (RFC 7348 section 5).
// A MAC is a u64 with the first byte on the wire in bits 47..40.

export const ETH_BYTES: u32 = 14;
export const ETH_TYPE: usize = 12;

export const TYPE_IPV4: u32 = 0x0800;
export const TYPE_ARP: u32 = 0x0806;
export const TYPE_IPV6: u32 = 0x86dd;

export const MAC_BROADCAST: u64 = 0xffffffffffff;
/** The I/G bit. */
const MAC_GROUP: u64 = 0x010000000000;

@inline
export function be16(at: usize): u32 {
  return <u32>bswap<u16>(load<u16>(at));
}

@inline
export function setBe16(at: usize, value: u32): void {
  store<u16>(at, bswap<u16>(<u16>value));
}

@inline
export function ethDestination(frame: usize): u64 {
  return bswap<u64>(load<u64>(frame)) >> 16;
}

@inline
export function ethSource(frame: usize): u64 {
  return bswap<u64>(load<u64>(frame, 6)) >> 16;
}

/** Writes destination, source and type. */
export function writeEthernet(frame: usize, destination: u64, source: u64, type: u32): void {
  store<u64>(frame, bswap<u64>(destination << 16));
  store<u64>(frame, bswap<u64>((source << 16) | <u64>type), 6);
}

@inline
export function isGroup(mac: u64): bool {
  return (mac & MAC_GROUP) != 0;
}

/** 01-80-C2-00-00-00..0F: never forwarded by a bridge (IEEE 802.1D-2004 section 7.12.6). */
@inline
export function isLinkLocalControl(mac: u64): bool {
  return mac >> 4 == 0x0180c200000;
}
