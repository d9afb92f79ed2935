// What a frame is, read step by step with every length checked where it is used.

import { DROP_HDR_TRUNC, DROP_IP_INHDR, DROP_NONE, DROP_PKT_TOO_SMALL } from "../../assembly/abi/reason.ts";
import { TCP, UDP, u16 } from "./wire.ts";

export interface Parsed {
  /** DROP_NONE or why it is malformed. */
  reason: number;
  etherType: number;
  tagged: boolean;
  /** Offsets in the frame. */
  l3: number;
  l4: number;
  end: number;
  protocol: number;
  fragment: boolean;
  hasPorts: boolean;
}

const EXTENSIONS_MAX = 8;
const FRAGMENT = 44;

export function parseFrame(frame: Uint8Array): Parsed {
  const result: Parsed = {
    reason: DROP_NONE,
    etherType: 0,
    tagged: false,
    l3: 14,
    l4: 0,
    end: frame.length,
    protocol: 0,
    fragment: false,
    hasPorts: false,
  };
  if (frame.length < 14) return { ...result, reason: DROP_PKT_TOO_SMALL };
  result.etherType = u16(frame, 12);
  if (result.etherType === 0x8100 || result.etherType === 0x88a8) {
    result.tagged = true;
    if (frame.length < 18) return { ...result, reason: DROP_HDR_TRUNC };
    result.etherType = u16(frame, 16);
    result.l3 = 18;
  }
  if (result.etherType === 0x0800) result.reason = ipv4(frame, result);
  if (result.etherType === 0x86dd) result.reason = ipv6(frame, result);
  if (result.reason === DROP_NONE && result.l4 > 0) result.hasPorts = ports(frame, result);
  return result;
}

function ipv4(frame: Uint8Array, result: Parsed): number {
  const bytes = frame.subarray(result.l3);
  if (bytes.length < 20) return DROP_HDR_TRUNC;
  const header = (bytes[0] & 15) * 4;
  const total = u16(bytes, 2);
  if (bytes[0] >> 4 !== 4 || header < 20 || total < header) return DROP_IP_INHDR;
  if (total > bytes.length) return DROP_HDR_TRUNC;
  result.end = result.l3 + total;
  result.protocol = bytes[9];
  result.fragment = (u16(bytes, 6) & 0x3fff) !== 0;
  if (!result.fragment) result.l4 = result.l3 + header;
  return DROP_NONE;
}

function ipv6(frame: Uint8Array, result: Parsed): number {
  const bytes = frame.subarray(result.l3);
  if (bytes.length < 40) return DROP_HDR_TRUNC;
  if (bytes[0] >> 4 !== 6) return DROP_IP_INHDR;
  const total = 40 + u16(bytes, 4);
  if (total > bytes.length) return DROP_HDR_TRUNC;
  result.end = result.l3 + total;
  let next = bytes[6];
  let at = 40;
  for (let seen = 0; seen < EXTENSIONS_MAX && [0, 43, 60, FRAGMENT].includes(next); seen++) {
    if (next === FRAGMENT) {
      result.fragment = true;
      return DROP_NONE;
    }
    if (at + 8 > total) return DROP_HDR_TRUNC;
    next = bytes[at];
    at += (bytes[at + 1] + 1) * 8;
    if (at > total) return DROP_HDR_TRUNC;
  }
  result.protocol = next;
  result.l4 = result.l3 + at;
  return DROP_NONE;
}

function ports(frame: Uint8Array, result: Parsed): boolean {
  const bytes = frame.subarray(result.l4, result.end);
  if (result.protocol === UDP) return bytes.length >= 8;
  if (result.protocol !== TCP || bytes.length < 20) return false;
  const header = (bytes[12] >> 4) * 4;
  return header >= 20 && header <= bytes.length;
}
