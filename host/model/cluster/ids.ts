// Random identities, in the forms that Docker gives them: 25 characters of base 36 for what Swarm would know (cluster, node, network), 64 hex
// digits for what the engine would (endpoint, container). A unique beginning stands for the whole wherever a person types one.

import { randomBytes } from "node:crypto";

const SHORT_CHARACTERS = 25;
const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";
/** What `ls` shows of a long one. */
export const SHORT_ID_CHARACTERS = 12;

/** An id of a cluster, node or network: 25 characters of base 36. */
export function newId(random: (bytes: number) => Uint8Array = randomBytes): string {
  // 36 does not divide 256: bytes beyond 252 would make some digits likelier.
  let id = "";
  while (id.length < SHORT_CHARACTERS)
    for (const byte of random(SHORT_CHARACTERS)) if (byte < 252 && id.length < SHORT_CHARACTERS) id += DIGITS[byte % 36];
  return id;
}

/** An id of an endpoint or container: 64 hex digits. */
export function newLongId(random: (bytes: number) => Uint8Array = randomBytes): string {
  return Buffer.from(random(32)).toString("hex");
}
