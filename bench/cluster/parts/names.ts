// The parts, in their order.

export const PART_NAMES = ["visible", "death", "size", "fan-out", "store"] as const;
export type PartName = (typeof PART_NAMES)[number];
