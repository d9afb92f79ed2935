// One microbenchmark: a hot function of the packet core and its naive TypeScript twin, doing the same work on the same input.

export interface Case {
  /** The function, and the size of what it works on. */
  name: string;
  size: string;
  /** Frames (or look-ups, or events) and bytes that one call works through. Bytes 0 = a rate in bytes says nothing here. */
  frames: number;
  bytes: number;
  core: () => unknown;
  twin: () => unknown;
}

/** Sizes of an inner packet that people quote: the smallest, two between, a full one on a 1500 B underlay and a jumbo one. */
export const SIZES = [64, 128, 512, 1450, 8950];
