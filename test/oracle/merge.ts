// Merges consecutive segments the obvious way: whole frames in a list, headers compared with the changing fields blanked, the result built at the
// end. What may differ between two frames of a merge is only: IPv4 id (without DF it counts up), lengths, checksums, TCP sequence and PSH.

import { sum16 } from "./checksum.ts";
import { parseFrame } from "./parse.ts";
import { checksumField, fillChecksums, headerBytes, pseudoSum, transportRight } from "./split.ts";
import type { Vnet } from "./vnet.ts";
import { ACK, PSH, setU16, TCP, u16, u32 } from "./wire.ts";

const FRAMES_MAX = 64;
const IP_BYTES_MAX = 65535;

export interface Arrival {
  port: number;
  frame: Uint8Array;
}

export interface Merged {
  port: number;
  frames: number;
  vnet: Vnet;
  frame: Uint8Array;
}

interface Write {
  port: number;
  frames: Uint8Array[];
}

/** A frame that may be part of a merge by itself. */
export function mergeable(frame: Uint8Array, uso: boolean): boolean {
  const parsed = parseFrame(frame);
  const { etherType, tagged, l3, l4, end, hasPorts, protocol } = parsed;
  if (!hasPorts || tagged || end !== frame.length || headerBytes(frame, parsed) >= frame.length) return false;
  if (u16(frame, checksumField(parsed)) === pseudoSum(frame, parsed)) return false;
  if (etherType === 0x0800 && (l4 !== l3 + 20 || sum16(frame.subarray(l3, l4)) !== 0xffff)) return false;
  if (etherType === 0x86dd && l4 !== l3 + 40) return false;
  if (protocol === TCP) return (frame[l4 + 13] & ~PSH) === ACK;
  return uso && u16(frame, l4 + 6) !== 0 && u16(frame, l4 + 4) === end - l4;
}

/** The headers with everything blanked that may differ. */
function flowOf(frame: Uint8Array): string {
  const parsed = parseFrame(frame);
  const { etherType, l3, l4, protocol } = parsed;
  const head = frame.slice(0, headerBytes(frame, parsed));
  if (etherType === 0x0800) {
    head.fill(0, l3 + 2, l3 + 6);
    head.fill(0, l3 + 10, l3 + 12);
  } else {
    head.fill(0, l3 + 4, l3 + 6);
  }
  if (protocol === TCP) {
    head.fill(0, l4 + 4, l4 + 8);
    head[l4 + 13] &= ~PSH;
    head.fill(0, l4 + 16, l4 + 18);
  } else {
    head.fill(0, l4 + 4, l4 + 8);
  }
  return Buffer.from(head).toString("hex");
}

function payloadOf(frame: Uint8Array): Uint8Array {
  return frame.subarray(headerBytes(frame, parseFrame(frame)));
}

function joins(write: Write, frame: Uint8Array): boolean {
  const [first] = write.frames;
  const { protocol, etherType, l3, l4 } = parseFrame(first);
  if (write.frames.length >= FRAMES_MAX || flowOf(first) !== flowOf(frame)) return false;
  const sofar = write.frames.reduce((bytes, part) => bytes + payloadOf(part).length, 0);
  const payload = payloadOf(frame).length;
  if (payload > payloadOf(first).length) return false;
  if (headerBytes(first, parseFrame(first)) - 14 + sofar + payload > IP_BYTES_MAX) return false;
  if (protocol === TCP && u32(frame, l4 + 4) !== (u32(first, l4 + 4) + sofar) % 2 ** 32) return false;
  const mayBeFragmented = etherType === 0x0800 && (first[l3 + 6] & 0x40) === 0;
  if (mayBeFragmented && u16(frame, l3 + 4) !== (u16(first, l3 + 4) + write.frames.length) % 65536) return false;
  return transportRight(first) && transportRight(frame);
}

/** A merge takes no more after a shorter segment or PSH. */
function ends(write: Write): boolean {
  const last = write.frames[write.frames.length - 1];
  const { protocol, l4 } = parseFrame(last);
  if (write.frames.length > 1 && payloadOf(last).length < payloadOf(write.frames[0]).length) return true;
  return protocol === TCP && (last[l4 + 13] & PSH) !== 0;
}

function finish({ port, frames }: Write): Merged {
  const [first] = frames;
  const parsed = parseFrame(first);
  const { l3, l4, etherType, protocol } = parsed;
  if (frames.length === 1) {
    const field = checksumField(parsed);
    const partial = parsed.hasPorts && u16(first, field) === pseudoSum(first, parsed);
    const vnet = {
      flags: partial ? 1 : 0,
      gsoType: 0,
      hdrLen: 0,
      gsoSize: 0,
      csumStart: partial ? l4 : 0,
      csumOffset: partial ? field - l4 : 0,
    };
    return { port, frames: 1, vnet, frame: first };
  }
  const header = headerBytes(first, parsed);
  const frame = Buffer.concat([first, ...frames.slice(1).map(payloadOf)]);
  if (etherType === 0x0800) setU16(frame, l3 + 2, frame.length - l3);
  else setU16(frame, l3 + 4, frame.length - l3 - 40);
  if (protocol === TCP) frame[l4 + 13] |= frames[frames.length - 1][l4 + 13] & PSH;
  else setU16(frame, l4 + 4, frame.length - l4);
  fillChecksums(frame);
  const field = checksumField(parsed);
  setU16(frame, field, pseudoSum(frame, parseFrame(frame)));
  const gsoType = protocol !== TCP ? 5 : etherType === 0x0800 ? 1 : 4;
  const vnet = { flags: 1, gsoType, hdrLen: header, gsoSize: first.length - header, csumStart: l4, csumOffset: field - l4 };
  return { port, frames: frames.length, vnet, frame };
}

/** The writes that these frames become, in order. `bucketOf` says which frames share a place in the set of open merges. */
export function merge(arrivals: Arrival[], bucketOf: (frame: Uint8Array) => number, uso = true): Merged[] {
  const writes: Write[] = [];
  const open = new Map<number, Write>();
  for (const { port, frame } of arrivals) {
    const fits = mergeable(frame, uso);
    const bucket = parseFrame(frame).hasPorts ? bucketOf(frame) : -1;
    const head = open.get(bucket);
    if (head !== undefined && fits && head.port === port && joins(head, frame)) {
      head.frames.push(frame);
      if (ends(head)) open.delete(bucket);
      continue;
    }
    const write = { port, frames: [frame] };
    writes.push(write);
    open.delete(bucket);
    if (fits && !ends(write)) open.set(bucket, write);
  }
  return writes.map(finish);
}
