// The cluster's own network of probes, as one more network to be forwarded: every other node's probe address is behind its VTEP. Main thread.

import type { ProbedPeer } from "../../cluster/probe/peer.ts";
import { settingsOf } from "../../follow/settings.ts";
import { probeMac } from "../../model/cluster/probe-mac.ts";
import { type NodeRecord, PROBE_VNI } from "../../model/cluster/records.ts";
import type { Desired, DirtyNetwork } from "../../model/forwarding.ts";

/** No network of a user's can be called so. */
export const PROBE_NETWORK = "weft:probes";

/** The other nodes, as the prober wants them. */
export function probedPeers(others: readonly NodeRecord[]): ProbedPeer[] {
  return others.map(({ id, name, vtep }) => ({ nodeId: id, name, vtep, mac: probeMac(id) }));
}

/** Puts the network into `desired` as it is with these peers; answers what of it has changed. */
export function setProbeNetwork(desired: Desired, peers: readonly ProbedPeer[]): DirtyNetwork {
  const before = desired.get(PROBE_NETWORK)?.fdb ?? new Map<string, string>();
  const fdb = new Map(peers.map(({ mac, vtep }) => [mac, vtep]));
  const changed = [...new Set([...before.keys(), ...fdb.keys()])].filter((mac) => before.get(mac) !== fdb.get(mac));
  const settings = { ...settingsOf({ name: PROBE_NETWORK, vni: PROBE_VNI, mtu: null }), probes: true };
  const frame = !desired.has(PROBE_NETWORK);
  desired.set(PROBE_NETWORK, { settings, peers: new Set(), fdb, neighbors: new Map(), ports: new Map() });
  return { frame, macs: new Set(changed), ips: new Set() };
}
