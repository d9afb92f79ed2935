// The overlays that the benchmark knows, by name.

import { fastd } from "./fastd.ts";
import { linux } from "./linux.ts";
import { n2n } from "./n2n.ts";
import { nebula } from "./nebula.ts";
import { openvpn } from "./openvpn.ts";
import { openvswitch } from "./openvswitch.ts";
import type { Peer } from "./peer.ts";
import { quicktun } from "./quicktun.ts";
import { softether } from "./softether.ts";
import { tinc } from "./tinc.ts";
import { vde } from "./vde.ts";
import { weft } from "./weft.ts";
import { wireguardGo } from "./wireguard-go.ts";

/** The peer that every ratio is to. */
export const BASELINE = "linux";
export const DEFAULT_PEERS = ["linux", "weft", "weft-sockets"];

/** All known peers; `workers` goes to weft. */
export function peers(workers: number | null): Peer[] {
  const ours = (["weft", "weft-sockets", "weft-dgram"] as const).map((name) => weft(name, workers));
  return [linux, ...ours, openvswitch, tinc, softether, openvpn, fastd, quicktun, vde, wireguardGo, nebula, n2n];
}
