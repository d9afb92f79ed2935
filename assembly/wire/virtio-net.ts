// The virtio-net header that a TAP with IFF_VNET_HDR puts before each frame (virtio 1.2 section 5.1.6, linux/virtio_net.h), 10 bytes,
// the host's byte order: flags 1, gso_type 1, hdr_len 2, gso_size 2, csum_start 2, csum_offset 2.

export const VNET_BYTES: u32 = 10;
export const VNET_FLAGS: usize = 0;
export const VNET_GSO_TYPE: usize = 1;
export const VNET_HDR_LEN: usize = 2;
export const VNET_GSO_SIZE: usize = 4;
export const VNET_CSUM_START: usize = 6;
export const VNET_CSUM_OFFSET: usize = 8;

/** The checksum from csum_start on is still to be finished. */
export const VNET_NEEDS_CSUM: u32 = 1;

export const GSO_NONE: u32 = 0;
export const GSO_TCPV4: u32 = 1;
export const GSO_TCPV6: u32 = 4;
export const GSO_UDP_L4: u32 = 5;
/** Or'ed in when the first segment alone carries CWR. */
export const GSO_ECN: u32 = 0x80;

@inline
export function clearVnet(header: usize): void {
  store<u64>(header, 0);
  store<u16>(header, 0, 8);
}

export function writeVnet(header: usize, gsoType: u32, headerBytes: u32, gsoSize: u32, csumStart: u32, csumOffset: u32): void {
  store<u8>(header, VNET_NEEDS_CSUM, VNET_FLAGS);
  store<u8>(header, gsoType, VNET_GSO_TYPE);
  store<u16>(header, headerBytes, VNET_HDR_LEN);
  store<u16>(header, gsoSize, VNET_GSO_SIZE);
  store<u16>(header, csumStart, VNET_CSUM_START);
  store<u16>(header, csumOffset, VNET_CSUM_OFFSET);
}
