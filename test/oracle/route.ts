// IPv6 routing headers: next header 1, length 1, type 1, segments left 1, then what the type says. While segments are left, the destination in the
// pseudo-header of a checksum is the last of the route, not the one in the IPv6 header (RFC 8200 section 8.1).

import { ipBytes, join } from "./wire.ts";

/** Types: source route (RFC 5095, deprecated), mobility (RFC 6275), RPL (RFC 6554), SRv6 (RFC 8754). */
export const ROUTING_TYPES = [0, 2, 3, 4] as const;
export type RoutingType = (typeof ROUTING_TYPES)[number];

/** A routing header for Ip.extensions, by way of `hops`, in the order in which they are visited. */
export function routingHeader(type: RoutingType, hops: string[], segmentsLeft = hops.length): [number, Uint8Array] {
  const list = type === 4 ? hops.toReversed() : hops;
  const bytes = join(new Uint8Array(8), ...list.map(ipBytes));
  bytes.set([0, hops.length * 2, type, segmentsLeft, type === 4 ? hops.length - 1 : 0]);
  return [43, bytes];
}

/** Where a packet with this routing header, or with what is left of it, ends up. */
export function lastHop(routing: Uint8Array, destination: Uint8Array): Uint8Array {
  const [, units, type, segmentsLeft] = routing;
  if (segmentsLeft === 0) return destination;
  if (type === 2 || type === 4) return routing.subarray(8, 24);
  const end = 8 + units * 8;
  if (type === 0) return routing.subarray(end - 16, end);
  if (type !== 3) return destination;
  // CmprE bytes of the last address are those of the destination, and padding lies behind it.
  const elided = routing[4] & 15;
  const stop = end - (routing[5] >> 4);
  return join(destination.subarray(0, elided), routing.subarray(stop - 16 + elided, stop));
}
