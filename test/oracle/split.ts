// Cuts a superframe the obvious way: takes it apart, and builds each wire frame anew with every checksum summed from nothing.

import { internetChecksum, pseudoHeader, sum16 } from "./checksum.ts";
import { type Parsed, parseFrame } from "./parse.ts";
import { lastHop } from "./route.ts";
import { CWR, FIN, PSH, setU16, setU32, TCP, u16, u32 } from "./wire.ts";

/** Source and destination address of the packet at `l3`. */
export function addresses(frame: Uint8Array, { etherType, l3 }: Parsed): [Uint8Array, Uint8Array] {
  return etherType === 0x0800
    ? [frame.subarray(l3 + 12, l3 + 16), frame.subarray(l3 + 16, l3 + 20)]
    : [frame.subarray(l3 + 8, l3 + 24), frame.subarray(l3 + 24, l3 + 40)];
}

/** Where the packet ends up: the destination of the pseudo-header. */
function lastDestination(frame: Uint8Array, parsed: Parsed): Uint8Array {
  let [, destination] = addresses(frame, parsed);
  if (parsed.etherType === 0x0800) return destination;
  for (let at = parsed.l3 + 40, next = frame[parsed.l3 + 6]; at < parsed.l4; ) {
    const bytes = (frame[at + 1] + 1) * 8;
    if (next === 43) destination = lastHop(frame.subarray(at, at + bytes), destination);
    next = frame[at];
    at += bytes;
  }
  return destination;
}

/** Where the transport checksum is in the frame. */
export function checksumField({ protocol, l4 }: Parsed): number {
  return l4 + (protocol === TCP ? 16 : 6);
}

/** Folded sum of the pseudo-header. */
export function pseudoSum(frame: Uint8Array, parsed: Parsed): number {
  const [source] = addresses(frame, parsed);
  return sum16(pseudoHeader(source, lastDestination(frame, parsed), parsed.protocol, parsed.end - parsed.l4));
}

/** Writes the right IPv4 header and transport checksums. */
export function fillChecksums(frame: Uint8Array): void {
  const parsed = parseFrame(frame);
  const { etherType, l3, l4, end, protocol } = parsed;
  if (etherType === 0x0800) {
    const bytes = (frame[l3] & 15) * 4;
    setU16(frame, l3 + 10, 0);
    setU16(frame, l3 + 10, internetChecksum(frame.subarray(l3, l3 + bytes)));
  }
  const field = checksumField(parsed);
  setU16(frame, field, 0);
  const value = internetChecksum(frame.subarray(l4, end), pseudoSum(frame, parsed));
  setU16(frame, field, value === 0 && protocol !== TCP ? 0xffff : value);
}

/** True when the transport checksum is right. */
export function transportRight(frame: Uint8Array): boolean {
  const parsed = parseFrame(frame);
  return sum16(frame.subarray(parsed.l4, parsed.end), pseudoSum(frame, parsed)) === 0xffff;
}

/** Bytes in front of the transport's payload. */
export function headerBytes(frame: Uint8Array, { protocol, l4 }: Parsed): number {
  return l4 + (protocol === TCP ? (frame[l4 + 12] >> 4) * 4 : 8);
}

/** The wire frames of a TCP or UDP superframe with `payload` bytes a segment. */
export function split(frame: Uint8Array, payload: number): Uint8Array[] {
  const parsed = parseFrame(frame);
  const header = headerBytes(frame, parsed);
  const data = frame.subarray(header, parsed.end);
  const frames: Uint8Array[] = [];
  for (let at = 0, index = 0; at < data.length; at += payload, index++) {
    const part = data.subarray(at, at + payload);
    const segment = new Uint8Array(header + part.length);
    segment.set(frame.subarray(0, header));
    segment.set(part, header);
    const packet = segment.length - parsed.l3;
    if (parsed.etherType === 0x0800) {
      setU16(segment, parsed.l3 + 2, packet);
      setU16(segment, parsed.l3 + 4, (u16(frame, parsed.l3 + 4) + index) % 65536);
    } else {
      setU16(segment, parsed.l3 + 4, packet - 40);
    }
    if (parsed.protocol === TCP) {
      setU32(segment, parsed.l4 + 4, (u32(frame, parsed.l4 + 4) + at) % 2 ** 32);
      if (index > 0) segment[parsed.l4 + 13] &= ~CWR;
      if (at + payload < data.length) segment[parsed.l4 + 13] &= ~(FIN | PSH);
    } else {
      setU16(segment, parsed.l4 + 4, segment.length - parsed.l4);
    }
    fillChecksums(segment);
    frames.push(segment);
  }
  return frames;
}
