// The overlays that the benchmark knows, by name. The first is the baseline.

import { linux } from "./linux.ts";
import { openvswitch } from "./openvswitch.ts";
import type { Peer } from "./peer.ts";
import { weft } from "./weft.ts";

export const BASELINE = "linux";
export const DEFAULT_PEERS = ["linux", "weft"];

/** All known peers; `workers` goes to weft. */
export function peers(workers: number | null): Peer[] {
  return [linux, weft("native", workers), weft("injected", workers), weft("dgram", workers), openvswitch];
}
