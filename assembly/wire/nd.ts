// Neighbour discovery (RFC 4861): solicitation (4.3) and advertisement (4.4): ICMPv6 header 8, target 16, options.

export const ND_BYTES: u32 = 24;
export const ND_TARGET: usize = 8;
export const ND_OPTIONS: usize = 24;
/** An advertisement with its target link-layer address option. */
export const ND_ADVERTISEMENT_BYTES: u32 = 32;

export const ND_SOLICITATION: u32 = 135;
export const ND_ADVERTISEMENT: u32 = 136;
export const ND_OPTION_TARGET_MAC: u32 = 2;
export const ND_HOP_LIMIT: u32 = 255;
/** Solicited and override (RFC 4861 section 4.4), first byte of the flags. */
export const ND_SOLICITED_OVERRIDE: u32 = 0x60;

/** Every option must have a length (RFC 4861 section 7.1.1); returns false for a chain that does not end at `end`. */
export function ndOptionsValid(at: usize, end: usize): bool {
  while (at < end) {
    if (at + 2 > end) return false;
    const bytes = (<usize>load<u8>(at, 1)) << 3;
    if (bytes == 0) return false;
    at += bytes;
  }
  return at == end;
}
