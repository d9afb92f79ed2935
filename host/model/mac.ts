// MAC addresses. As a number the first byte on the wire is the most significant (bits 47..40), as in P_MAC and FDB_KEY of
// assembly/abi; 48 bits fit a JavaScript number exactly. Text is six pairs of hex digits with colons (hyphens are read too).

import { ValueError } from "./errors.ts";

declare const brand: unique symbol;
/** A MAC address as a number below 2^48. */
export type Mac = number & { readonly [brand]: "mac" };

export const MAC_BYTES = 6;
export const MAC_MAX = 281474976710655;

const TEXT = /^[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}$/i;
/** Tables of a hundred thousand addresses are written out as text. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
/** Bit 40: the I/G bit, lowest of the first byte (IEEE 802 section 8.2). */
const GROUP_BIT_SHIFT = 2 ** 40;

/** Reads any MAC address. Throws ValueError. */
export function parseMac(text: string): Mac {
  if (!TEXT.test(text)) throw new ValueError(`${JSON.stringify(text)} is not a MAC address (expected e.g. 02:42:0a:00:00:02)`);
  return Number.parseInt(text.replace(/[:-]/g, ""), 16) as Mac;
}

/** Reads a MAC address that one interface can own: neither multicast nor zero. Throws ValueError. */
export function parseUnicastMac(text: string): Mac {
  const mac = parseMac(text);
  if (mac === 0) throw new ValueError(`${text} is the zero address, which no interface can have`);
  if (isMulticastMac(mac)) {
    throw new ValueError(`${text} is a multicast address (the lowest bit of its first byte is set), which no interface can have`);
  }
  return mac;
}

/** Canonical text: lower case, colons. Throws ValueError for a number that is no MAC address. */
export function formatMac(mac: number): string {
  if (!Number.isInteger(mac) || mac < 0 || mac > MAC_MAX) throw new ValueError(`${mac} is not a 48-bit number`);
  const [high, low] = [Math.floor(mac / 2 ** 32), mac >>> 0];
  return `${HEX[high >> 8]}:${HEX[high & 255]}:${HEX[low >>> 24]}:${HEX[(low >>> 16) & 255]}:${HEX[(low >>> 8) & 255]}:${HEX[low & 255]}`;
}

/** True for group addresses, broadcast included. */
export function isMulticastMac(mac: number): boolean {
  return Math.floor(mac / GROUP_BIT_SHIFT) % 2 === 1;
}

/** The six bytes in wire order. */
export function macToBytes(mac: number): Uint8Array {
  const bytes = new Uint8Array(MAC_BYTES);
  for (let i = MAC_BYTES - 1, rest = mac; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  return bytes;
}

/** The number for six bytes in wire order at `offset`. */
export function macFromBytes(bytes: Uint8Array, offset = 0): Mac {
  if (offset + MAC_BYTES > bytes.length) throw new ValueError(`a MAC address needs ${MAC_BYTES} bytes`);
  let mac = 0;
  for (let i = 0; i < MAC_BYTES; i++) mac = mac * 256 + bytes[offset + i];
  return mac as Mac;
}
