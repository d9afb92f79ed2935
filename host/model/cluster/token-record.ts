// Secrets of join tokens: made, and made anew (`weft token --rotate`). What a whole token looks like is host/cluster/token.ts's. Main thread.

import { createHash, randomBytes } from "node:crypto";
import type { TokenRecord } from "./records.ts";

export const SECRET_BYTES = 16;
/** Digits of base 36 that 16 bytes need at most: log(2^128) / log(36) = 24.8. */
export const SECRET_DIGITS = 25;
/** Old secrets that are still known as such. */
const ROTATED_KEPT = 16;

/** A record with a new secret; the old one's hash is kept. */
export function withNewSecret(old: TokenRecord | null, random: (bytes: number) => Uint8Array = randomBytes): TokenRecord {
  const secret = BigInt(`0x${Buffer.from(random(SECRET_BYTES)).toString("hex")}`)
    .toString(36)
    .padStart(SECRET_DIGITS, "0");
  if (!old) return { secret };
  return { ...old, secret, rotated: [hashOfSecret(old.secret), ...(old.rotated ?? [])].slice(0, ROTATED_KEPT) };
}

export function hashOfSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
