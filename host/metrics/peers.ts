// What a member of a cluster knows of the others by probes. One set of series a peer: as many as the cluster has nodes. Without a cluster, none.

import type { PeerProbes, ProbesView } from "../model/view.ts";
import type { Family, Sample } from "./family.ts";

interface Probed {
  probes: ProbesView | null;
}

const RESULTS = ["answered", "lost", "forgotten"] as const;

export const PEER_FAMILIES: readonly Family<Probed>[] = [
  gauge(
    "weft_peer_rtt_seconds",
    "Smoothed round trip of probes through the data path, to the other agent and back.",
    ({ rttSeconds }) => rttSeconds,
  ),
  {
    name: "weft_peer_probes_total",
    help: "Probes of a peer by result; forgotten: this host slept or was too busy meanwhile, and cannot say. Probes of the path's size are not counted.",
    type: "counter",
    samples: ({ probes }) =>
      (probes?.probes() ?? []).flatMap((peer) => RESULTS.map((result) => ({ labels: { peer: peer.vtep, result }, value: peer[result] }))),
  },
  gauge("weft_peer_probe_loss_ratio", "Share of the last 64 probes of a peer that were not answered, there and back.", ({ loss }) => loss),
  gauge("weft_peer_path_mtu_bytes", "Largest outer packet that probes found to come through to a peer.", ({ pathMtu }) => pathMtu),
  gauge(
    "weft_peer_suspect",
    "1 while a peer does not answer probes and its VTEP is suspended (vtep_suspended), else 0. `weft node ls` says whether others reach it.",
    ({ suspect }) => (suspect ? 1 : 0),
  ),
  {
    name: "weft_probes_refused_total",
    help: "Frames on the network of probes that were not acted on, by reason: malformed, version, unauthentic (not made with the cluster's secret), misdirected, stranger (of no node that is known here), limited (too many at once), unexpected (an answer that came late or twice).",
    type: "counter",
    samples: ({ probes }) => (probes?.refused() ?? []).map(({ reason, frames }) => ({ labels: { reason }, value: frames })),
  },
];

/** A figure of each peer that has it. */
function gauge(name: string, help: string, figureOf: (peer: PeerProbes) => number | null): Family<Probed> {
  const sampleOf = (peer: PeerProbes): Sample[] => {
    const value = figureOf(peer);
    return value === null ? [] : [{ labels: { peer: peer.vtep }, value }];
  };
  return { name, help, type: "gauge", samples: ({ probes }) => (probes?.probes() ?? []).flatMap(sampleOf) };
}
