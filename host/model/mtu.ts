// MTUs, in bytes of IP packet. Two that must not be mixed are two types:
//
//   UnderlayMtu  the largest outer IP packet that a link (or path) between hosts carries
//   OverlayMtu   the largest inner IP packet; what a container's eth0 has as its MTU
//
//   | outer IP 20/40 | UDP 8 | VXLAN 8 | inner Ethernet 14 | inner IP packet |
//   |<------------------------- underlay MTU ------------->|<- overlay MTU ->|   (the underlay's includes both)

import { TX_PAYLOAD_BYTES_MAX, TX_SEGMENTS_MAX, TX_TRAIN_BYTES_MAX } from "../../assembly/abi/limits.ts";
import { ValueError } from "./errors.ts";
import type { Family } from "./ip.ts";

declare const brand: unique symbol;
export type UnderlayMtu = number & { readonly [brand]: "underlay" };
export type OverlayMtu = number & { readonly [brand]: "overlay" };

/** RFC 791 section 3.1, no options. */
export const OUTER_IPV4_BYTES = 20;
/** RFC 8200 section 3, no extension headers. */
export const OUTER_IPV6_BYTES = 40;
/** RFC 768. */
export const UDP_BYTES = 8;
/** RFC 7348 section 5. */
export const VXLAN_BYTES = 8;
/** Destination, source, EtherType. */
export const INNER_ETHERNET_BYTES = 14;

/** RFC 791 section 3.1: what every host must be able to take. Smaller links are not worth an overlay. */
export const OVERLAY_MTU_MIN = 576;
/** RFC 8200 section 5. */
export const OVERLAY_MTU_MIN_IPV6 = 1280;
/** One frame of this size fills a UDP datagram: 65,507 − 8 − 14. */
export const OVERLAY_MTU_MAX = TX_PAYLOAD_BYTES_MAX - VXLAN_BYTES - INNER_ETHERNET_BYTES;
/** Linux's loopback has 65,536. */
export const UNDERLAY_MTU_MAX = 65536;

/** Bytes that encapsulation adds to an inner IP packet: 50 over IPv4, 70 over IPv6. */
export function overheadBytes(family: Family): number {
  return (family === 4 ? OUTER_IPV4_BYTES : OUTER_IPV6_BYTES) + UDP_BYTES + VXLAN_BYTES + INNER_ETHERNET_BYTES;
}

/** Checks a link's or path's MTU. Throws ValueError. */
export function underlayMtu(bytes: number): UnderlayMtu {
  return inRange("underlay MTU", bytes, OVERLAY_MTU_MIN, UNDERLAY_MTU_MAX) as UnderlayMtu;
}

/** Checks a network's MTU. Throws ValueError. */
export function overlayMtu(bytes: number): OverlayMtu {
  return inRange("MTU", bytes, OVERLAY_MTU_MIN, OVERLAY_MTU_MAX) as OverlayMtu;
}

/** The largest inner packet that an underlay of this MTU carries whole. Throws ValueError if that is less than OVERLAY_MTU_MIN. */
export function overlayMtuOf(underlay: UnderlayMtu, family: Family): OverlayMtu {
  return overlayMtu(Math.min(underlay - overheadBytes(family), OVERLAY_MTU_MAX));
}

/** The underlay MTU that inner packets of this MTU need. */
export function underlayMtuFor(overlay: OverlayMtu, family: Family): UnderlayMtu {
  return (overlay + overheadBytes(family)) as UnderlayMtu;
}

/** `gso_max_segs` of a container's eth0: so many full segments, encapsulated, fit one UDP_SEGMENT send (design rule 1). */
export function gsoMaxSegments(mtu: OverlayMtu): number {
  return Math.max(1, Math.min(Math.floor(TX_TRAIN_BYTES_MAX / (mtu + INNER_ETHERNET_BYTES + VXLAN_BYTES)), TX_SEGMENTS_MAX));
}

function inRange(what: string, bytes: number, least: number, most: number): number {
  if (!Number.isInteger(bytes)) throw new ValueError(`${what} ${bytes} is not a whole number of bytes`);
  if (bytes < least) throw new ValueError(`${what} ${bytes} is less than ${least} bytes`);
  if (bytes > most) throw new ValueError(`${what} ${bytes} is more than ${most} bytes`);
  return bytes;
}
