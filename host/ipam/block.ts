// Addresses and subnets as numbers: an address is a bigint of 32 or 128 bits, a block is what a CIDR covers. Text is host/model/ip.ts's. Pure.

import { UsageError, ValueError } from "../model/errors.ts";
import { type Family, familyOf, formatIp, IP_BYTES, parseIp } from "../model/ip.ts";

export interface Block {
  family: Family;
  /** All host bits zero. */
  first: bigint;
  prefixLength: number;
}

/** An address as a number, with its family: 10.0.0.1 and ::a00:1 are the same number. */
export interface Address {
  family: Family;
  value: bigint;
}

export const bitsOf = (family: Family): number => (family === 4 ? 32 : 128);

/** A canonical IPv4 address, which almost all are: a manager reads a hundred thousand when it starts. */
const QUAD = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

/** Throws ValueError. */
export function parseAddress(text: string): Address {
  const quad = QUAD.exec(text);
  if (quad) {
    const [a, b, c, d] = [Number(quad[1]), Number(quad[2]), Number(quad[3]), Number(quad[4])];
    if (a < 256 && b < 256 && c < 256 && d < 256) return { family: 4, value: BigInt(a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d) };
  }
  const bytes = parseIp(text);
  const family = familyOf(text);
  const own = family === 4 ? bytes.subarray(IP_BYTES - 4) : bytes;
  return { family, value: BigInt(`0x${Buffer.from(own).toString("hex")}`) };
}

/** Canonical text. */
export function formatAddress(family: Family, value: bigint): string {
  if (family === 4) {
    const bits = Number(value);
    return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;
  }
  return formatIp(Buffer.from(value.toString(16).padStart(2 * IP_BYTES, "0"), "hex"));
}

export function sizeOf(block: Block): bigint {
  return 1n << BigInt(bitsOf(block.family) - block.prefixLength);
}

export function lastOf(block: Block): bigint {
  return block.first + sizeOf(block) - 1n;
}

/** Canonical CIDR. */
export function formatBlock(block: Block): string {
  return `${formatAddress(block.family, block.first)}/${block.prefixLength}`;
}

/** The block of this length that an address lies in. */
export function blockAround(family: Family, value: bigint, prefixLength: number): Block {
  const hostBits = BigInt(bitsOf(family) - prefixLength);
  return { family, first: (value >> hostBits) << hostBits, prefixLength };
}

/** Reads `address/prefix-length`, whatever the host bits are. Throws ValueError. */
export function readBlock(text: string): Block & { exact: boolean } {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  if (!match) throw new ValueError(`${JSON.stringify(text)} is not a subnet (expected e.g. 10.0.0.0/24)`);
  const { family, value } = parseAddress(match[1]);
  const prefixLength = Number(match[2]);
  if (prefixLength > bitsOf(family)) throw new ValueError(`${JSON.stringify(text)}: the prefix length is more than ${bitsOf(family)}`);
  const block = blockAround(family, value, prefixLength);
  return { ...block, exact: block.first === value };
}

/** Reads a subnet as a person asks for it: host bits must be zero. `what` names it. Throws UsageError. */
export function parseBlock(what: string, text: string): Block {
  const { exact, ...block } = refusedAs(`invalid ${what}`, () => readBlock(text));
  if (!exact) throw new UsageError(`invalid ${what} ${text}: it should be ${formatBlock(block)}`);
  return block;
}

/** What `read` gives; a ValueError becomes a UsageError that names the place. */
export function refusedAs<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ValueError) throw new UsageError(`${place}: ${error.message}`, { cause: error });
    throw error;
  }
}

export function overlaps(a: Block, b: Block): boolean {
  return a.family === b.family && a.first <= lastOf(b) && b.first <= lastOf(a);
}

export function contains(block: Block, address: Address): boolean {
  return block.family === address.family && block.first <= address.value && address.value <= lastOf(block);
}

/** Whether all of `inner` lies in `outer`. */
export function covers(outer: Block, inner: Block): boolean {
  return overlaps(outer, inner) && inner.prefixLength >= outer.prefixLength;
}
