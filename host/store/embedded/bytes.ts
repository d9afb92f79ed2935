// Bytes and text. Store's thread and main thread.

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const NO_BYTES = new Uint8Array(0);

export const bytesOf = (text: string): Uint8Array => encoder.encode(text);
export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);

/** Below, at or above 0, as memcmp has it; a beginning comes before what it begins. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}

/** The end of the range of all keys that begin so: its last byte that can be raised, raised. A zero byte where there is none. */
export function prefixEnd(prefix: Uint8Array): Uint8Array {
  const end = Uint8Array.from(prefix);
  for (let last = end.length - 1; last >= 0; last--)
    if (end[last] < 0xff) {
      end[last]++;
      return end.subarray(0, last + 1);
    }
  return new Uint8Array(1);
}
