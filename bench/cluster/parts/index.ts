// Every part, in the order of names.ts.

import type { Part } from "../part.ts";
import { death } from "./death.ts";
import { fanOut } from "./fan-out.ts";
import { PART_NAMES, type PartName } from "./names.ts";
import { size } from "./size.ts";
import { store } from "./store.ts";
import { visible } from "./visible.ts";

const BY_NAME: Record<PartName, Part> = { visible, death, size, "fan-out": fanOut, store };

export const PARTS: readonly Part[] = PART_NAMES.map((name) => BY_NAME[name]);
