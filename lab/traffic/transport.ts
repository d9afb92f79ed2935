// TCP segments and UDP datagrams by hand, inside IPv4, with right checksums or with the ones that a kernel leaves to the device. Plain and slow.

import { internetChecksum, ipv4 } from "./frames.ts";

const TCP = 6;
const UDP = 17;
const TCP_HEADER_BYTES = 20;
const UDP_HEADER_BYTES = 8;
const ACK = 0x10;

export interface Segment {
  from: number;
  to: number;
  sequence: number;
  /** true: the checksum field holds the pseudo-header's sum, to be finished by whoever cuts the frame. */
  partial?: boolean;
}

/** The sum over addresses, protocol and length that a transport checksum starts with, as a packet of its own to be summed. */
function pseudoHeader(source: string, destination: string, protocol: number, bytes: number): Buffer {
  const header = Buffer.from([...source.split("."), ...destination.split("."), 0, protocol, 0, 0].map(Number));
  header.writeUInt16BE(bytes, 10);
  return header;
}

function checksum(source: string, destination: string, protocol: number, packet: Buffer): number {
  return internetChecksum(Buffer.concat([pseudoHeader(source, destination, protocol, packet.length), packet]));
}

/** An IPv4 packet with a TCP segment (ACK). */
export function tcpPacket(source: string, destination: string, segment: Segment, payload: Uint8Array): Buffer {
  const packet = Buffer.concat([Buffer.alloc(TCP_HEADER_BYTES), payload]);
  packet.writeUInt16BE(segment.from, 0);
  packet.writeUInt16BE(segment.to, 2);
  packet.writeUInt32BE(segment.sequence, 4);
  packet.writeUInt32BE(1, 8);
  packet[12] = (TCP_HEADER_BYTES / 4) << 4;
  packet[13] = ACK;
  packet.writeUInt16BE(512, 14);
  const sum = segment.partial
    ? ~internetChecksum(pseudoHeader(source, destination, TCP, packet.length)) & 0xffff
    : checksum(source, destination, TCP, packet);
  packet.writeUInt16BE(sum, 16);
  return ipv4(source, destination, packet, { protocol: TCP, df: true });
}

/** An IPv4 packet with a UDP datagram and its checksum. */
export function udpPacket(source: string, destination: string, ports: { from: number; to: number }, payload: Uint8Array): Buffer {
  const packet = Buffer.concat([Buffer.alloc(UDP_HEADER_BYTES), payload]);
  packet.writeUInt16BE(ports.from, 0);
  packet.writeUInt16BE(ports.to, 2);
  packet.writeUInt16BE(packet.length, 4);
  packet.writeUInt16BE(checksum(source, destination, UDP, packet) || 0xffff, 6);
  return ipv4(source, destination, packet, { protocol: UDP, df: true });
}
