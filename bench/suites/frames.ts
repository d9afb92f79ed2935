// The frame sizes of RFC 2544 for Ethernet, as far as they fit an overlay on an underlay of MTU 1500, and a mix.
//
// A size is the whole inner Ethernet frame with its check sequence, as the RFC counts it. A TAP's frame has none, so the UDP payload is
//   size − 14 (Ethernet) − 20 (IPv4) − 8 (UDP) − 4 (check sequence) = size − 46
// The inner MTU of 1450 allows 1468; the RFC's 1518 is out of reach, 1448 stands in for it.

const OVERHEAD = 14 + 20 + 8 + 4;
const SIZES = [64, 128, 256, 512, 1024, 1280, 1448];
/** The simple IMIX: 7 small frames, 4 middle ones, 1 large one (1518 by the book), each dozen in this order. */
const IMIX = [64, 594, 64, 64, 594, 64, 64, 594, 64, 594, 64, 1448];

export interface FrameSize {
  name: string;
  /** UDP payloads in bytes, to be sent round and round. */
  payloads: number[];
}

export const FRAME_SIZES: readonly FrameSize[] = [
  ...SIZES.map((size) => ({ name: `${size}`, payloads: [size - OVERHEAD] })),
  { name: "IMIX", payloads: IMIX.map((size) => size - OVERHEAD) },
];
