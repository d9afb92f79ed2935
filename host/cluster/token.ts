// What `weft token` shows and `weft join` takes: WFTKN-1-<SHA-256 of the CA's certificate, base 36>-<secret, base 36>. The first half tells
// who is joining that the manager is the right one, before the second half, the secret, is sent. Main thread.

import { createHash, timingSafeEqual, X509Certificate } from "node:crypto";
import { SECRET_DIGITS } from "../model/cluster/token-record.ts";
import { ValueError } from "../model/errors.ts";

/** Digits of base 36 that 32 bytes need at most: log(2^256) / log(36) = 49.5. */
const PIN_DIGITS = 50;
const PREFIX = "WFTKN";
const VERSION = "1";

export interface Token {
  /** pinOf() the CA's certificate. */
  pin: string;
  secret: string;
}

/** SHA-256 of a certificate (PEM or DER), in base 36. */
export function pinOf(certificate: string | Uint8Array): string {
  const hash = createHash("sha256").update(new X509Certificate(certificate).raw).digest("hex");
  return BigInt(`0x${hash}`).toString(36).padStart(PIN_DIGITS, "0");
}

export function formatToken({ pin, secret }: Token): string {
  return `${PREFIX}-${VERSION}-${pin}-${secret}`;
}

/** Throws ValueError. The message never has the secret in it. */
export function parseToken(text: string): Token {
  const [prefix, version, pin, secret, ...more] = text.trim().split("-");
  if (prefix !== PREFIX) throw new ValueError(`not a token of weft (one begins with ${PREFIX}-${VERSION}-)`);
  if (version !== VERSION) throw new ValueError(`a token of version ${version ?? "?"}, and this weft knows ${VERSION}`);
  if (pin === undefined || secret === undefined) throw new ValueError("a token that was cut short (its secret is missing)");
  if (more.length > 0) throw new ValueError("not a token: it has more parts than one");
  if (!digits(pin, PIN_DIGITS)) throw new ValueError(`a damaged token (its CA's hash has ${pin.length} characters, not ${PIN_DIGITS})`);
  if (!digits(secret, SECRET_DIGITS)) {
    throw new ValueError(`a damaged token (its secret has ${secret.length} characters, not ${SECRET_DIGITS})`);
  }
  return { pin, secret };
}

function digits(text: string, count: number): boolean {
  return text.length === count && /^[0-9a-z]+$/.test(text);
}

/** Whether two secrets are the same, in a time that does not tell where they differ. */
export function sameSecret(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHash("sha256").update(text).digest());
  return timingSafeEqual(a, b);
}
