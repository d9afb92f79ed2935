// A node's MAC address on the network of probes: from its id, so that every node knows every other's without being told. Locally administered.

import { createHash } from "node:crypto";
import { formatMac, macFromBytes } from "../mac.ts";

/** E.g. `ce:83:1f:0a:44:d2`. */
export function probeMac(nodeId: string): string {
  const bytes = createHash("sha256").update(`weft probe ${nodeId}`).digest();
  // IEEE 802 section 8.2: bit 0 of the first byte is the group bit, bit 1 says locally administered.
  bytes[0] = (bytes[0] & 0xfc) | 2;
  return formatMac(macFromBytes(bytes));
}
