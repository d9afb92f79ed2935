// IP addresses as text and as the 16 bytes of assembly/abi (V_ADDRESS, A_LOW, R_SOURCE): network order, IPv4 as ::ffff:a.b.c.d
// (RFC 4291 section 2.5.5.2). Canonical text: dotted quad, or RFC 5952 lower case. An IPv4-mapped text is the IPv4 address.

import ipaddr from "ipaddr.js";
import { ValueError } from "./errors.ts";

export type Family = 4 | 6;
export const IP_BYTES = 16;

/** An address with its prefix length, as `ip address` takes it. */
export interface Cidr {
  /** Canonical text. */
  ip: string;
  prefixLength: number;
  family: Family;
}

type Parsed = ipaddr.IPv4 | ipaddr.IPv6;

function parse(text: string): Parsed {
  // Only the usual forms: ipaddr.js would also read 10.1, 0x7f.1 and zone ids.
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  if (text.includes(":") && !text.includes("%") && ipaddr.IPv6.isValid(text)) {
    const v6 = ipaddr.IPv6.parse(text);
    return v6.isIPv4MappedAddress() ? v6.toIPv4Address() : v6;
  }
  throw new ValueError(`${JSON.stringify(text)} is not an IP address`);
}

const DOTTED_QUAD = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

/** 16 bytes in network order. Throws ValueError. */
export function parseIp(text: string): Uint8Array {
  const quad = DOTTED_QUAD.exec(text);
  // As in formatIp(): most are.
  if (quad?.slice(1).every((part) => Number(part) <= 255)) {
    return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, Number(quad[1]), Number(quad[2]), Number(quad[3]), Number(quad[4]));
  }
  const parsed = parse(text);
  const v6 = parsed instanceof ipaddr.IPv4 ? parsed.toIPv4MappedAddress() : parsed;
  return Uint8Array.from(v6.toByteArray());
}

/** Canonical text for 16 bytes at `offset`. */
export function formatIp(bytes: Uint8Array, offset = 0): string {
  if (offset + IP_BYTES > bytes.length) throw new ValueError(`an IP address needs ${IP_BYTES} bytes`);
  if (isMapped(bytes, offset)) return `${bytes[offset + 12]}.${bytes[offset + 13]}.${bytes[offset + 14]}.${bytes[offset + 15]}`;
  const v6 = ipaddr.fromByteArray(Array.from(bytes.subarray(offset, offset + IP_BYTES))) as ipaddr.IPv6;
  return textOf(v6);
}

/** ::ffff:a.b.c.d. Most addresses are, and there may be a hundred thousand of them: no objects are made for these. */
function isMapped(bytes: Uint8Array, offset: number): boolean {
  for (let i = 0; i < 10; i++) if (bytes[offset + i] !== 0) return false;
  return bytes[offset + 10] === 255 && bytes[offset + 11] === 255;
}

/** Canonical text. Throws ValueError. */
export function canonicalIp(text: string): string {
  return textOf(parse(text));
}

/** 4 or 6. Throws ValueError. */
export function familyOf(text: string): Family {
  return parse(text) instanceof ipaddr.IPv4 ? 4 : 6;
}

/** An address that one host can own: not unspecified, multicast or broadcast. Canonical text. Throws ValueError. */
export function unicastIp(text: string): string {
  const parsed = parse(text);
  const range = parsed.range();
  if (range === "unspecified" || range === "multicast" || range === "broadcast") {
    throw new ValueError(`${text} is ${range === "unspecified" ? "the unspecified" : `a ${range}`} address, which no host can have`);
  }
  return textOf(parsed);
}

/** Reads `address/prefix-length`; the address must be one that a host can own. Throws ValueError. */
export function parseCidr(text: string): Cidr {
  const slash = text.indexOf("/");
  if (slash < 0) throw new ValueError(`${JSON.stringify(text)} has no prefix length (expected e.g. 10.0.0.1/24)`);
  const ip = unicastIp(text.slice(0, slash));
  const family = familyOf(ip);
  const digits = text.slice(slash + 1);
  const prefixLength = Number(digits);
  const most = family === 4 ? 32 : 128;
  if (!/^\d{1,3}$/.test(digits) || prefixLength > most) {
    throw new ValueError(`${JSON.stringify(text)}: the prefix length must be a number from 0 to ${most}`);
  }
  return { ip, prefixLength, family };
}

/** Canonical `address/prefix-length`. */
export function formatCidr(cidr: Cidr): string {
  return `${cidr.ip}/${cidr.prefixLength}`;
}

function textOf(parsed: Parsed): string {
  return parsed instanceof ipaddr.IPv4 ? parsed.toString() : parsed.toRFC5952String();
}
