// What one inner frame is: set by parse(), read by every stage until the next parse(). Lengths are checked once here, at the door; the
// stages then read freely. Per instance, so per worker.

import { DROP_HDR_TRUNC, DROP_IP_INHDR, DROP_NONE, DROP_PKT_TOO_SMALL } from "../abi/reason";
import { be16, ETH_BYTES, ETH_TYPE, TYPE_IPV4, TYPE_IPV6 } from "../wire/ethernet";
import {
  IPV4_BYTES,
  IPV4_MF_AND_OFFSET,
  IPV4_PROTOCOL,
  ipv4FragmentField,
  ipv4HeaderBytes,
  ipv4Total,
  ipv4Version,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from "../wire/ipv4";
import {
  IPV6_BYTES,
  IPV6_DESTINATION,
  IPV6_EXTENSIONS_MAX,
  IPV6_NEXT,
  ipv6Payload,
  ipv6Version,
  lastHop,
  NEXT_DESTINATION,
  NEXT_FRAGMENT,
  NEXT_HOP_BY_HOP,
  NEXT_ROUTING,
} from "../wire/ipv6";
import { TCP_BYTES, tcpHeaderBytes } from "../wire/tcp";
import { UDP_BYTES } from "../wire/udp";
import { isVlanType, VLAN_BYTES } from "../wire/vlan";

/** Where the Ethernet header is, and bytes from there to the end. */
export let frame: usize = 0;
export let length: u32 = 0;
/** The type behind a tag, if there is one. */
export let etherType: u32 = 0;
export let tagged: bool = false;
/** Where the IP header is (or what follows the type). */
export let l3: usize = 0;
/** IPv6: the destination that checksums know, behind a routing header the last hop's. */
export let destination: usize = 0;
/** IP: end of the packet as its header states it; Ethernet padding lies behind. */
export let end: usize = 0;
/** IP: transport protocol and header; 0 when the packet is a later fragment or the header is not whole. */
export let protocol: u32 = 0;
export let l4: usize = 0;
/** A fragment, also the first: hashed and forwarded by addresses alone. */
export let fragment: bool = false;
/** TCP or UDP with a whole header, not a fragment. */
export let hasPorts: bool = false;

/** Reads the headers of the frame at `at`. Returns DROP_NONE or why the frame is malformed. */
export function parse(at: usize, bytes: u32): u32 {
  frame = at;
  length = bytes;
  fragment = false;
  hasPorts = false;
  protocol = 0;
  l4 = 0;
  if (bytes < ETH_BYTES) return DROP_PKT_TOO_SMALL;
  etherType = be16(at + ETH_TYPE);
  l3 = at + ETH_BYTES;
  end = at + bytes;
  tagged = isVlanType(etherType);
  if (tagged) {
    if (bytes < ETH_BYTES + VLAN_BYTES) return DROP_HDR_TRUNC;
    etherType = be16(l3 + 2);
    l3 += VLAN_BYTES;
  }
  if (etherType == TYPE_IPV4) return parseIpv4();
  if (etherType == TYPE_IPV6) return parseIpv6();
  return DROP_NONE;
}

function parseIpv4(): u32 {
  const rest = <u32>(end - l3);
  if (rest < IPV4_BYTES) return DROP_HDR_TRUNC;
  const header = ipv4HeaderBytes(l3);
  if (ipv4Version(l3) != 4 || header < IPV4_BYTES) return DROP_IP_INHDR;
  const total = ipv4Total(l3);
  if (total < header) return DROP_IP_INHDR;
  if (total > rest) return DROP_HDR_TRUNC;
  end = l3 + total;
  fragment = (ipv4FragmentField(l3) & IPV4_MF_AND_OFFSET) != 0;
  setTransport(<u32>load<u8>(l3, IPV4_PROTOCOL), l3 + header);
  return DROP_NONE;
}

function parseIpv6(): u32 {
  const rest = <u32>(end - l3);
  if (rest < IPV6_BYTES) return DROP_HDR_TRUNC;
  if (ipv6Version(l3) != 6) return DROP_IP_INHDR;
  const total = IPV6_BYTES + ipv6Payload(l3);
  if (total > rest) return DROP_HDR_TRUNC;
  end = l3 + total;
  destination = l3 + IPV6_DESTINATION;
  let next = <u32>load<u8>(l3, IPV6_NEXT);
  let at = l3 + IPV6_BYTES;
  for (let i: u32 = 0; i < IPV6_EXTENSIONS_MAX; i++) {
    if (next == NEXT_FRAGMENT) {
      fragment = true;
      return DROP_NONE;
    }
    if (next != NEXT_HOP_BY_HOP && next != NEXT_ROUTING && next != NEXT_DESTINATION) break;
    if (at + 8 > end) return DROP_HDR_TRUNC;
    const header = at;
    at += (<usize>load<u8>(at, 1) + 1) << 3;
    if (at > end) return DROP_HDR_TRUNC;
    if (next == NEXT_ROUTING) destination = lastHop(header, destination);
    next = <u32>load<u8>(header);
  }
  setTransport(next, at);
  return DROP_NONE;
}

function setTransport(next: u32, at: usize): void {
  protocol = next;
  if (fragment) return;
  l4 = at;
  const rest = <u32>(end - at);
  if (next == PROTOCOL_TCP) {
    hasPorts = rest >= TCP_BYTES && tcpHeaderBytes(at) >= TCP_BYTES && tcpHeaderBytes(at) <= rest;
  } else if (next == PROTOCOL_UDP) {
    hasPorts = rest >= UDP_BYTES;
  }
}
