// Packets by hand, for what no well-behaved sender makes. Plain and slow; checksums where a header has one.

export interface VxlanOptions {
  /** First byte of the header: 0x08 has the I flag (RFC 7348 section 5). */
  flags?: number;
  /** The last byte, reserved. */
  reserved?: number;
}

/** A VXLAN header and a frame: the payload of a datagram to port 4789. */
export function vxlan(vni: number, frame: Uint8Array, options: VxlanOptions = {}): Buffer {
  const header = Buffer.alloc(8);
  header[0] = options.flags ?? 0x08;
  header.writeUIntBE(vni, 4, 3);
  header[7] = options.reserved ?? 0;
  return Buffer.concat([header, frame]);
}

export function mac(text: string): Buffer {
  return Buffer.from(text.replaceAll(":", ""), "hex");
}

export const BROADCAST = "ff:ff:ff:ff:ff:ff";
export const TYPE_IPV4 = 0x0800;
export const TYPE_ARP = 0x0806;
/** For experiments on one's own network: nobody's protocol (IEEE 802, local experimental Ethertype 1). */
export const TYPE_EXPERIMENT = 0x88b5;

export function ethernet(destination: string, source: string, type: number, payload: Uint8Array = Buffer.alloc(46)): Buffer {
  const header = Buffer.concat([mac(destination), mac(source), Buffer.alloc(2)]);
  header.writeUInt16BE(type, 12);
  return Buffer.concat([header, payload]);
}

/** The same with an 802.1Q tag. */
export function tagged(destination: string, source: string, vlan: number, type: number, payload: Uint8Array = Buffer.alloc(46)): Buffer {
  const tag = Buffer.alloc(4);
  tag.writeUInt16BE(vlan, 0);
  tag.writeUInt16BE(type, 2);
  return ethernet(destination, source, 0x8100, Buffer.concat([tag, payload]));
}

/** RFC 1071. */
export function internetChecksum(bytes: Buffer): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 2) sum += index + 1 < bytes.length ? bytes.readUInt16BE(index) : bytes[index] << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

export interface Ipv4Options {
  tos?: number;
  ttl?: number;
  protocol?: number;
  /** Don't fragment, as Linux has it of what TCP and UDP send. */
  df?: boolean;
  /** Overwrites the first byte (version and header length). */
  first?: number;
}

/** An IPv4 packet; protocol 253 (for experiments, RFC 3692) by default. */
export function ipv4(source: string, destination: string, payload: Uint8Array, options: Ipv4Options = {}): Buffer {
  const header = Buffer.alloc(20);
  header[0] = options.first ?? 0x45;
  header[1] = options.tos ?? 0;
  header.writeUInt16BE(20 + payload.length, 2);
  if (options.df) header[6] = 0x40;
  header[8] = options.ttl ?? 64;
  header[9] = options.protocol ?? 253;
  header.set(source.split(".").map(Number), 12);
  header.set(destination.split(".").map(Number), 16);
  header.writeUInt16BE(internetChecksum(header), 10);
  return Buffer.concat([header, payload]);
}

/** A UDP datagram without a checksum, which IPv4 allows. */
export function udp(sourcePort: number, destinationPort: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(sourcePort, 0);
  header.writeUInt16BE(destinationPort, 2);
  header.writeUInt16BE(8 + payload.length, 4);
  return Buffer.concat([header, payload]);
}
