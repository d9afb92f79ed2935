// Socket addresses as bytes (linux/in.h, linux/in6.h). Cold path; the hot classes write theirs as words.

import { formatIp, parseIp } from "../model/ip.ts";
import { AF_INET, AF_INET6 } from "./constants.ts";

export type Family = 4 | 6;

export const SOCKADDR_IN_BYTES = 16;
export const SOCKADDR_IN6_BYTES = 28;
/** Where the port and the address are: sockaddr_in, sockaddr_in6. */
export const SIN_PORT = 2;
export const SIN_ADDR = 4;
export const SIN6_ADDR = 8;

/** AF_INET or AF_INET6. */
export function addressFamily(family: Family): number {
  return family === 4 ? AF_INET : AF_INET6;
}

/** Bytes of the family's socket address. */
export function sockaddrBytes(family: Family): number {
  return family === 4 ? SOCKADDR_IN_BYTES : SOCKADDR_IN6_BYTES;
}

/** A socket address. Throws ValueError when `address` is not of this family. */
export function sockaddr(family: Family, address: string, port: number): Uint8Array {
  const ip = parseIp(address);
  const bytes = new Uint8Array(sockaddrBytes(family));
  new DataView(bytes.buffer).setUint16(0, addressFamily(family), true);
  new DataView(bytes.buffer).setUint16(SIN_PORT, port, false);
  if (family === 4) bytes.set(ip.subarray(12), SIN_ADDR);
  else bytes.set(ip, SIN6_ADDR);
  return bytes;
}

/** E.g. `10.0.0.1:4789`, `[2001:db8::1]:4789`. */
export function endpointText(address: string, port: number): string {
  const text = formatIp(parseIp(address));
  return text.includes(":") ? `[${text}]:${port}` : `${text}:${port}`;
}
