// The largest IP packet that a path takes, by pings that may not be cut (their replies may). Routers say what fits (RFC 1191, RFC 8201); where they
// do not, or a firewall eats what they say, packets that are too large just disappear, TCP hangs, and only trying finds the size.

import { isIPv6 } from "node:net";
import { type PingTarget, type Probe, probeSize } from "./ping.ts";

/** What every IPv4 host takes (RFC 791) and every IPv6 link (RFC 8200). */
const MIN_IPV4 = 576;
const MIN_IPV6 = 1280;
/** The largest IP packet. */
const MAX = 65_535;
/** Sizes that are told before one fits: one for each router that is narrower than the one before it. */
const TOLD_MAX = 8;

export interface PathMtu {
  /** null: not even the smallest came back. */
  bytes: number | null;
  blackHole: boolean;
}

/** Finds it, from the MTU of the interface that the packets leave by downwards. */
export function pathMtu(target: PingTarget, deviceMtu: number, stop: AbortSignal): Promise<PathMtu> {
  const min = isIPv6(target.address) ? MIN_IPV6 : MIN_IPV4;
  return searchMtu((bytes) => probeSize(target, bytes, stop), min, Math.min(deviceMtu, MAX));
}

/** `min` is taken for granted once a reply of that size came. */
export async function searchMtu(probe: (bytes: number) => Promise<Probe>, min: number, max: number): Promise<PathMtu> {
  let size = max;
  for (let told = 0; told < TOLD_MAX; told++) {
    const answer = await probe(size);
    if (answer.reply) return { bytes: size, blackHole: false };
    if (answer.toldMtu === null || answer.toldMtu >= size || answer.toldMtu < min) break;
    size = answer.toldMtu;
  }
  // A lost packet is no black hole: the same size once more, before smaller ones are tried.
  if ((await probe(size)).reply) return { bytes: size, blackHole: false };
  if (size <= min || !(await probe(min)).reply) return { bytes: null, blackHole: false };
  let [fits, fails] = [min, size];
  while (fails - fits > 1) {
    const middle = (fits + fails) >> 1;
    if ((await probe(middle)).reply) fits = middle;
    else fails = middle;
  }
  return { bytes: fits, blackHole: true };
}
