// Bytes. Store's thread and main thread.

export const NO_BYTES = new Uint8Array(0);

/** Below, at or above 0, as memcmp has it; a beginning comes before what it begins. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}
