// The virtio-net header of a frame: is it one wire frame or a superframe (TSO, USO), how many wire frames, how many bytes of them.
// Set by readVnet() for frames from a TAP and by plain()/coalesced() for frames from the underlay.

import { SUPERFRAME_SEGMENTS_MAX } from "../abi/limits";
import { DROP_DEV_HDR, DROP_NONE, DROP_SKB_GSO_SEG } from "../abi/reason";
import { TYPE_IPV4, TYPE_IPV6 } from "../wire/ethernet";
import { PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4";
import { TCP_CHECKSUM, tcpHeaderBytes } from "../wire/tcp";
import { UDP_BYTES, UDP_CHECKSUM } from "../wire/udp";
import {
  GSO_ECN,
  GSO_NONE,
  GSO_TCPV4,
  GSO_TCPV6,
  GSO_UDP_L4,
  VNET_CSUM_OFFSET,
  VNET_CSUM_START,
  VNET_FLAGS,
  VNET_GSO_SIZE,
  VNET_GSO_TYPE,
  VNET_NEEDS_CSUM,
} from "../wire/virtio-net";
import { end, etherType, fragment, frame, hasPorts, l3, l4, length, protocol } from "./frame";

/** Wire frames: 1, or what the superframe will be cut into. */
export let segments: u32 = 1;
/** Ethernet bytes of those wire frames. */
export let wireBytes: u32 = 0;
/** Payload bytes of each segment; 0 = not a superframe. */
export let segmentPayload: u32 = 0;
/** Bytes of the headers that each segment repeats. */
export let headerBytes: u32 = 0;
/** The transport checksum is unfinished: where it starts in the frame, and the field behind that. */
export let partial: bool = false;
export let csumStart: u32 = 0;
export let csumOffset: u32 = 0;

/** The checksum field holds the pseudo-header's sum for the whole length, as the kernel left it. */
export let pseudoInField: bool = false;

/** One wire frame whose checksums are as they should be on the wire. */
export function plain(): void {
  segments = 1;
  wireBytes = length;
  segmentPayload = 0;
  headerBytes = 0;
  partial = false;
  pseudoInField = false;
}

/** A superframe that lies in the frame just parsed: TCP or UDP, `payload` bytes a segment. False when it cannot be one. */
export function coalesced(payload: u32): bool {
  if (!hasPorts || payload == 0) return false;
  headerBytes = <u32>(l4 - frame) + (protocol == PROTOCOL_TCP ? tcpHeaderBytes(l4) : UDP_BYTES);
  const bytes = <u32>(end - frame);
  if (headerBytes > bytes) return false;
  const total = bytes - headerBytes;
  segments = total <= payload ? 1 : (total + payload - 1) / payload;
  segmentPayload = segments > 1 ? payload : 0;
  wireBytes = segments > 1 ? segments * headerBytes + total : length;
  return true;
}

/** Marks the transport checksum of the frame just parsed as unfinished. */
export function setPartial(): void {
  partial = true;
  csumStart = <u32>(l4 - frame);
  csumOffset = <u32>(protocol == PROTOCOL_TCP ? TCP_CHECKSUM : UDP_CHECKSUM);
}

/** Reads the virtio-net header of the frame just parsed. Returns DROP_NONE, or why the header is a lie. */
export function readVnet(vnet: usize): u32 {
  plain();
  if (load<u32>(vnet) == 0) return DROP_NONE;
  if (<u32>load<u8>(vnet, VNET_FLAGS) & VNET_NEEDS_CSUM) {
    csumStart = <u32>load<u16>(vnet, VNET_CSUM_START);
    csumOffset = <u32>load<u16>(vnet, VNET_CSUM_OFFSET);
    // A checksum in front of the network header would rewrite addresses after they were checked.
    if (csumStart < <u32>(l3 - frame) || csumStart + csumOffset + 2 > length) return DROP_DEV_HDR;
    partial = true;
    pseudoInField = true;
  }
  const type = <u32>load<u8>(vnet, VNET_GSO_TYPE) & ~GSO_ECN;
  if (type == GSO_NONE) return DROP_NONE;
  if (!matches(type) || !coalesced(<u32>load<u16>(vnet, VNET_GSO_SIZE))) return DROP_DEV_HDR;
  if (segments > <u32>SUPERFRAME_SEGMENTS_MAX) return DROP_SKB_GSO_SEG;
  if (segments == 1 && !partial) return DROP_NONE;
  setPartial();
  return DROP_NONE;
}

function matches(type: u32): bool {
  if (fragment || !hasPorts) return false;
  if (type == GSO_TCPV4) return etherType == TYPE_IPV4 && protocol == PROTOCOL_TCP;
  if (type == GSO_TCPV6) return etherType == TYPE_IPV6 && protocol == PROTOCOL_TCP;
  return type == GSO_UDP_L4 && protocol == PROTOCOL_UDP;
}

/** The gso_type that the frame just parsed has as a superframe. */
export function gsoType(): u32 {
  if (protocol == PROTOCOL_UDP) return GSO_UDP_L4;
  return etherType == TYPE_IPV4 ? GSO_TCPV4 : GSO_TCPV6;
}
