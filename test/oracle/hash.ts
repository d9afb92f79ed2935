// The keyed flow hash in big integers (assembly/table/hash.ts, assembly/path/flow.ts): the tests that depend on which frames share a bucket or a
// socket need to know.

import { parseFrame } from "./parse.ts";

const ONES = 2n ** 64n - 1n;

/** SplitMix64's finaliser. */
export function mix(value: bigint): bigint {
  let mixed = ((value ^ (value >> 30n)) * 0xbf58476d1ce4e5b9n) & ONES;
  mixed = ((mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn) & ONES;
  return mixed ^ (mixed >> 31n);
}

/** 32 bits. */
export function flowHash(frame: Uint8Array, key: bigint): number {
  const { etherType, l3, l4, hasPorts, protocol, reason } = parseFrame(frame);
  const view = new DataView(frame.buffer, frame.byteOffset);
  const word = (at: number) => view.getBigUint64(at, true);
  let digest = key;
  if (reason === 0 && etherType === 0x0800) {
    digest = mix(digest ^ word(l3 + 12));
  } else if (reason === 0 && etherType === 0x86dd) {
    digest = mix(digest ^ word(l3 + 8) ^ mix(word(l3 + 16)));
    digest = mix(digest ^ word(l3 + 24) ^ mix(word(l3 + 32)));
  } else {
    digest = mix(digest ^ word(0) ^ (BigInt(view.getUint32(8, true)) << 16n));
  }
  if (hasPorts) digest = mix(digest ^ (BigInt(view.getUint32(l4, true)) << 8n) ^ BigInt(protocol));
  return Number((digest & 0xffffffffn) ^ (digest >> 32n));
}
