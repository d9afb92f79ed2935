// The virtio-net header of a frame (virtio 1.3 section 5.1.6), 10 bytes, little-endian.

export interface Vnet {
  flags: number;
  gsoType: number;
  hdrLen: number;
  gsoSize: number;
  csumStart: number;
  csumOffset: number;
}

export function vnetOf(bytes: Uint8Array): Vnet {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 10);
  return {
    flags: bytes[0],
    gsoType: bytes[1],
    hdrLen: view.getUint16(2, true),
    gsoSize: view.getUint16(4, true),
    csumStart: view.getUint16(6, true),
    csumOffset: view.getUint16(8, true),
  };
}

/** The header; what is not said is 0. */
export function vnetBytes({ flags = 0, gsoType = 0, hdrLen = 0, gsoSize = 0, csumStart = 0, csumOffset = 0 }: Partial<Vnet>): Uint8Array {
  const bytes = Uint8Array.of(flags, gsoType, 0, 0, 0, 0, 0, 0, 0, 0);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of [hdrLen, gsoSize, csumStart, csumOffset].entries()) view.setUint16(2 + 2 * index, value, true);
  return bytes;
}
