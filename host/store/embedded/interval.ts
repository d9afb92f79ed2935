// Ranges of keys as etcd's requests have them: one key, from a key up to another, or from a key on (`range_end` = a zero byte). Keys are
// bytes and are ordered as bytes. Store's thread and main thread.

export const NO_BYTES = new Uint8Array(0);

export type Interval =
  | { kind: "one"; from: Uint8Array }
  | { kind: "upto"; from: Uint8Array; to: Uint8Array }
  | { kind: "rest"; from: Uint8Array };

export function intervalOf(key: Uint8Array, rangeEnd: Uint8Array): Interval {
  if (rangeEnd.length === 0) return { kind: "one", from: key };
  if (rangeEnd.length === 1 && rangeEnd[0] === 0) return { kind: "rest", from: key };
  return { kind: "upto", from: key, to: rangeEnd };
}

export function contains(interval: Interval, key: Uint8Array): boolean {
  const order = compareBytes(key, interval.from);
  if (interval.kind === "one") return order === 0;
  return order >= 0 && (interval.kind === "rest" || compareBytes(key, interval.to) < 0);
}

/** Below, at or above 0, as memcmp has it; a beginning comes before what it begins. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}
