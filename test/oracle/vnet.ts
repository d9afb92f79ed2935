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
