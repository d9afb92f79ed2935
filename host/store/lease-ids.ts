// Ids of leases that tell whose they are: the upper half is made from the node's id, the lower is random. Any manager can so judge a lease that
// another gave out, and none has to remember. Main thread.

import { createHash, randomBytes } from "node:crypto";

const LOWER_BITS = 32n;

/** A new id for a lease of a node: positive, and never 0. */
export function newLeaseId(nodeId: string, random: (bytes: number) => Uint8Array = randomBytes): bigint {
  return (tagOf(nodeId) << LOWER_BITS) | BigInt(Buffer.from(random(4)).readUInt32BE());
}

export function isLeaseOf(nodeId: string, lease: bigint): boolean {
  return lease >> LOWER_BITS === tagOf(nodeId);
}

/** 31 bits: an id is a positive int64. Node ids are random and given out by managers, so nobody chooses his tag. */
function tagOf(nodeId: string): bigint {
  const tag = createHash("sha256").update(nodeId).digest().readUInt32BE() >>> 1;
  return BigInt(tag || 1);
}
