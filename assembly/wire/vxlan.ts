// VXLAN (RFC 7348 section 5): flags 1 (bit 3 = I), reserved 3, VNI 3, reserved 1.

export const VXLAN_BYTES: u32 = 8;
/** The I flag as it is in the first little-endian word. */
const FLAG_I: u32 = 0x08;
/** Everything but the I flag and the VNI, in the little-endian u64. */
const RESERVED: u64 = 0xff000000fffffff7;

@inline
export function vxlanHasVni(header: usize): bool {
  return (load<u32>(header) & FLAG_I) != 0;
}

@inline
export function vxlanHasReserved(header: usize): bool {
  return (load<u64>(header) & RESERVED) != 0;
}

@inline
export function vxlanVni(header: usize): u32 {
  return bswap<u32>(load<u32>(header, 4)) >> 8;
}

/** The whole header as one little-endian word, ready to be stored. */
@inline
export function vxlanHeader(vni: u32): u64 {
  return <u64>FLAG_I | ((<u64>bswap<u32>(vni << 8)) << 32);
}
