// VLAN tags (IEEE 802.1Q): type 2, tag 2, in front of the real type.

export const VLAN_BYTES: u32 = 4;
const TYPE_8021Q: u32 = 0x8100;
const TYPE_8021AD: u32 = 0x88a8;

@inline
export function isVlanType(type: u32): bool {
  return type == TYPE_8021Q || type == TYPE_8021AD;
}
