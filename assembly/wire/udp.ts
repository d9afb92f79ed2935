// UDP (RFC 768): ports 2 + 2, length 2, checksum 2 (0 = none, so a computed 0 is sent as 0xffff).

export const UDP_BYTES: u32 = 8;
export const UDP_LENGTH: usize = 4;
export const UDP_CHECKSUM: usize = 6;
