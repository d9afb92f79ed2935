// The Internet checksum as RFC 1071 section 1 says it, in its most obvious form: big-endian 16-bit words, end-around carry, an odd last byte
// padded with zero.

/** Folded sum of 16-bit words, not complemented. */
export function sum16(bytes: Uint8Array, start = 0): number {
  let sum = start;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += bytes[i] * 256 + (i + 1 < bytes.length ? bytes[i + 1] : 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

/** The checksum field for these bytes (with the field itself zero in them). */
export function internetChecksum(bytes: Uint8Array, start = 0): number {
  return 0xffff - sum16(bytes, start);
}

/** The pseudo-header of RFC 9293 section 3.1 and RFC 8200 section 8.1. Addresses of 4 or 16 bytes. */
export function pseudoHeader(source: Uint8Array, destination: Uint8Array, protocol: number, length: number): Uint8Array {
  if (source.length === 4) return Uint8Array.of(...source, ...destination, 0, protocol, length >> 8, length & 255);
  return Uint8Array.of(...source, ...destination, 0, 0, length >> 8, length & 255, 0, 0, 0, protocol);
}
