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

/** With UDP tunnel GSO (virtio 1.3, linux/virtio_net.h, Linux 6.17): 24 bytes, the tunnel's offsets last. */
export const VNET_TUNNEL_BYTES: u32 = 24;
const VNET_OUTER_TRANSPORT: usize = 20;
const VNET_INNER_NETWORK: usize = 22;
/** The outer UDP checksum field holds the pseudo-header's sum. */
const VNET_TUNNEL_CSUM: u32 = 8;
export const GSO_TUNNEL_IPV4: u32 = 0x20;
export const GSO_TUNNEL_IPV6: u32 = 0x40;

/** What stands in front of an encapsulated frame that is to stay one: its outer UDP checksum is still to be finished. */
export function writeLoneVnet(header: usize, csumStart: u32, csumOffset: u32): void {
  store<v128>(header, i64x2.splat(0));
  store<u64>(header, 0, 16);
  store<u8>(header, VNET_NEEDS_CSUM, VNET_FLAGS);
  store<u16>(header, csumStart, VNET_CSUM_START);
  store<u16>(header, csumOffset, VNET_CSUM_OFFSET);
}

/** What stands in front of an encapsulated superframe; offsets are from its outer Ethernet header. */
export function writeTunnelVnet(header: usize, gsoType: u32, headerBytes: u32, gsoSize: u32): void {
  store<v128>(header, i64x2.splat(0));
  store<u32>(header, 0, 16);
  store<u8>(header, VNET_NEEDS_CSUM | VNET_TUNNEL_CSUM, VNET_FLAGS);
  store<u8>(header, gsoType, VNET_GSO_TYPE);
  store<u16>(header, headerBytes, VNET_HDR_LEN);
  store<u16>(header, gsoSize, VNET_GSO_SIZE);
}

/** Where its checksums and its inner packet are: offsets from the outer Ethernet header. */
export function writeTunnelOffsets(header: usize, csumStart: u32, csumOffset: u32, outerTransport: u32, innerNetwork: u32): void {
  store<u16>(header, csumStart, VNET_CSUM_START);
  store<u16>(header, csumOffset, VNET_CSUM_OFFSET);
  store<u16>(header, outerTransport, VNET_OUTER_TRANSPORT);
  store<u16>(header, innerNetwork, VNET_INNER_NETWORK);
}

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
