// TCP (RFC 9293 section 3.1): ports 2 + 2, sequence 4, acknowledgement 4, offset and flags 2, window 2, checksum 2, urgent 2, options.

export const TCP_BYTES: u32 = 20;
export const TCP_SEQUENCE: usize = 4;
export const TCP_ACKNOWLEDGEMENT: usize = 8;
export const TCP_OFFSET: usize = 12;
export const TCP_FLAGS: usize = 13;
export const TCP_CHECKSUM: usize = 16;
export const TCP_URGENT: usize = 18;

export const TCP_FIN: u32 = 1;
export const TCP_PSH: u32 = 8;
export const TCP_ACK: u32 = 16;
export const TCP_CWR: u32 = 128;

@inline
export function tcpHeaderBytes(tcp: usize): u32 {
  return (<u32>load<u8>(tcp, TCP_OFFSET) >> 4) << 2;
}
