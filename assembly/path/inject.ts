// Injection: a TCP or UDP superframe leaves whole. Outer headers are written in front of it, in the RX buffer that it was read into, and the
// host writes it to an underlay TAP with UDP tunnel GSO (Linux 6.17); from there tc redirects it to the underlay's interface. No copy, no
// checksum, no cutting in user space: the kernel or the network card cuts it, or, on a veth, nobody does.
//
//   RX buffer: … | virtio-net 24 | Ethernet 14 | IPv4 20 / IPv6 40 | UDP 8 | VXLAN 8 | the superframe …
//
// A frame that came alone goes the same way, as an ordinary packet: one such write costs a third less than one send by a socket.
//
// The outer source port is that of the socket that the flow's other frames use, so all of a flow takes one path.

import { H_OWN, HEADER } from "../abi/layout";
import { N_MTU } from "../abi/network";
import { INJECT_ALL, INJECT_NOTHING, V_ADDRESS, V_FAMILY, V_INJECT, V_MTU, V_NEXT_HOP, V_PORT } from "../abi/vtep";
import { W_INJECT, W_SOURCE_PORTS } from "../abi/worker";
import { end, frame, l3, length, protocol } from "../offload/frame";
import { csumOffset, csumStart, gsoType, headerBytes, pseudoInField, segmentPayload, segments } from "../offload/superframe";
import { block } from "../ring/block";
import { networkAt } from "../table/network";
import { vtepAt } from "../table/port";
import { checksumOf, fold, pseudo4, pseudo6, sum } from "../wire/checksum";
import { ETH_BYTES, setBe16 } from "../wire/ethernet";
import {
  IPV4_BYTES,
  IPV4_CHECKSUM,
  IPV4_DESTINATION,
  IPV4_DF,
  IPV4_FRAGMENT,
  IPV4_PROTOCOL,
  IPV4_SOURCE,
  IPV4_TOS,
  IPV4_TOTAL,
  IPV4_TTL,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from "../wire/ipv4";
import { IPV6_BYTES, IPV6_DESTINATION, IPV6_HOPS, IPV6_NEXT, IPV6_PAYLOAD, IPV6_SOURCE } from "../wire/ipv6";
import { UDP_BYTES, UDP_CHECKSUM, UDP_LENGTH } from "../wire/udp";
import {
  GSO_ECN,
  GSO_TUNNEL_IPV4,
  GSO_TUNNEL_IPV6,
  VNET_BYTES,
  VNET_GSO_TYPE,
  VNET_TUNNEL_BYTES,
  writeLoneVnet,
  writeTunnelOffsets,
  writeTunnelVnet,
} from "../wire/virtio-net";
import { VXLAN_BYTES } from "../wire/vxlan";

const FAMILY_IPV4: u32 = 4;
/** Largest IP packet. */
const PACKET_BYTES_MAX: u32 = 65535;

/** INJECT_*. */
@inline
function allowed(vtep: u32): u32 {
  return load<u32>(block + W_INJECT) == 0 ? <u32>INJECT_NOTHING : atomic.load<u32>(vtepAt(vtep) + V_INJECT);
}

/**
 * Whether its segments are as large as the path takes. Where nobody cuts a TCP superframe on its way, its receiver is not told its segments' size and takes the
 * network's MTU (ingress.ts): of smaller segments that would make larger ones, which a container that passes them on to a narrower link cannot.
 */
function isFull(network: u32, vtep: u32): bool {
  const mtu = min<u32>(load<u32>(networkAt(network) + N_MTU), atomic.load<u32>(vtepAt(vtep) + V_MTU));
  return headerBytes - <u32>(l3 - frame) + segmentPayload >= mtu;
}

/**
 * Whether the superframe just parsed, from a TAP, can leave whole to this VTEP. Its checksum field must hold the pseudo-header's sum, from which
 * the kernel goes on: one that is finished already (the sender did not ask for it to be) is cut here, where it is computed anew.
 */
export function mayInject(network: u32, vtep: u32): bool {
  if (allowed(vtep) != <u32>INJECT_ALL || !pseudoInField || end != frame + length) return false;
  if (protocol == PROTOCOL_TCP && !isFull(network, vtep)) return false;
  return length + UDP_BYTES + VXLAN_BYTES + IPV6_BYTES <= PACKET_BYTES_MAX;
}

/** Whether a frame that is no superframe can. */
export function mayInjectLone(vtep: u32): bool {
  return allowed(vtep) != <u32>INJECT_NOTHING;
}

/** Where the write begins. The frame's own virtio-net header is overwritten. */
export function inject(vtep: u32, vxlan: u64, socket: u32, tos: u32, ttl: u32): usize {
  const row = vtepAt(vtep);
  const isIpv4 = load<u32>(row, V_FAMILY) == FAMILY_IPV4;
  const ipBytes = isIpv4 ? IPV4_BYTES : IPV6_BYTES;
  const ecn = <u32>load<u8>(frame - VNET_BYTES, VNET_GSO_TYPE) & GSO_ECN;
  const header = frame - VXLAN_BYTES;
  const udp = header - UDP_BYTES;
  const ip = udp - ipBytes;
  const eth = ip - ETH_BYTES;
  const vnet = eth - VNET_TUNNEL_BYTES;
  const udpBytes = UDP_BYTES + VXLAN_BYTES + length;
  store<u64>(header, vxlan);
  memory.copy(eth, row + V_NEXT_HOP, ETH_BYTES);
  if (isIpv4) writeIpv4(ip, row, udpBytes, tos, ttl);
  else writeIpv6(ip, row, udpBytes, tos, ttl);
  setBe16(udp, load<u32>(block + W_SOURCE_PORTS + ((<usize>socket) << 2)));
  setBe16(udp + 2, load<u32>(row, V_PORT));
  setBe16(udp + UDP_LENGTH, udpBytes);
  const pseudo = isIpv4 ? pseudo4(ip, PROTOCOL_UDP, udpBytes) : pseudo6(ip, PROTOCOL_UDP, udpBytes);
  store<u16>(udp, fold(pseudo), UDP_CHECKSUM);
  const outer = <u32>(frame - eth);
  if (segments == 1) {
    writeLoneVnet(vnet, <u32>(udp - eth), <u32>UDP_CHECKSUM);
    return vnet;
  }
  writeTunnelVnet(vnet, gsoType() | ecn | (isIpv4 ? GSO_TUNNEL_IPV4 : GSO_TUNNEL_IPV6), outer + headerBytes, segmentPayload);
  writeTunnelOffsets(vnet, outer + csumStart, csumOffset, <u32>(udp - eth), outer + <u32>(l3 - frame));
  return vnet;
}

function writeIpv4(ip: usize, row: usize, udpBytes: u32, tos: u32, ttl: u32): void {
  store<u64>(ip, 0x45);
  store<u8>(ip, tos, IPV4_TOS);
  setBe16(ip + IPV4_TOTAL, IPV4_BYTES + udpBytes);
  setBe16(ip + IPV4_FRAGMENT, IPV4_DF);
  store<u32>(ip, 0, 8);
  store<u8>(ip, ttl, IPV4_TTL);
  store<u8>(ip, PROTOCOL_UDP, IPV4_PROTOCOL);
  store<u32>(ip, load<u32>(HEADER + H_OWN + 12), IPV4_SOURCE);
  store<u32>(ip, load<u32>(row + V_ADDRESS + 12), IPV4_DESTINATION);
  store<u16>(ip, checksumOf(sum(ip, IPV4_BYTES)), IPV4_CHECKSUM);
}

function writeIpv6(ip: usize, row: usize, udpBytes: u32, tos: u32, ttl: u32): void {
  store<u32>(ip, 0);
  setBe16(ip, 0x6000 | (tos << 4));
  setBe16(ip + IPV6_PAYLOAD, udpBytes);
  store<u8>(ip, PROTOCOL_UDP, IPV6_NEXT);
  store<u8>(ip, ttl, IPV6_HOPS);
  v128.store(ip + IPV6_SOURCE, v128.load(HEADER + H_OWN));
  v128.store(ip + IPV6_DESTINATION, v128.load(row + V_ADDRESS));
}
