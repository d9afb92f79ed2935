// What the tables hold, and the ports and VTEPs they lead to. Every label is bounded by assembly/abi/limits.ts.

import type { DataPlaneView } from "../model/view.ts";
import type { Family, Labels, Sample } from "./family.ts";

type View = { view: DataPlaneView };

export const TABLE_FAMILIES: readonly Family<View>[] = [
  {
    name: "weft_fdb_entries",
    help: "Forwarding entries, by whether they were configured or learned.",
    type: "gauge",
    samples: ({ view }) => fdbEntries(view),
  },
  {
    name: "weft_fdb_moves_total",
    help: "Learned addresses that were seen at another place than before. Many mean a loop or a duplicate MAC.",
    type: "counter",
    samples: ({ view }) => view.fdbMoves().map((row) => ({ labels: labelsOf(row), value: row.moves })),
  },
  {
    name: "weft_fdb_refused_total",
    help: "Addresses that were not learned because the FDB is full: raise fdbCapacity.",
    type: "counter",
    samples: ({ view }) => view.fdbRefused().map((row) => ({ labels: labelsOf(row), value: row.refused })),
  },
  {
    name: "weft_host_udp_checksum_errors_total",
    help: "Datagrams that this host's kernel dropped for a wrong UDP checksum, outer ones of VXLAN among them (UdpInCsumErrors, Udp6InCsumErrors).",
    type: "counter",
    samples: ({ view }) => [{ labels: {}, value: view.udpChecksumErrors() }],
  },
  {
    name: "weft_network_mtu_bytes",
    help: "Largest inner IP packet of the network.",
    type: "gauge",
    samples: ({ view }) => view.networks().map(({ name, vni, mtu }) => ({ labels: labelsOf({ network: name, vni }), value: mtu })),
  },
  {
    name: "weft_peer_mtu_bytes",
    help: "Largest inner IP packet that fits the path to a remote VTEP.",
    type: "gauge",
    samples: ({ view }) => view.vteps().map(({ address, mtu }) => ({ labels: { peer: address }, value: mtu })),
  },
  {
    name: "weft_peer_superframes_injected",
    help: "1 while superframes to a remote VTEP leave whole (injection), 0 while the sending sockets cut them.",
    type: "gauge",
    samples: ({ view }) =>
      view.vteps().map(({ address, superframes }) => ({ labels: { peer: address }, value: superframes === "injected" ? 1 : 0 })),
  },
  {
    name: "weft_offload_active",
    help: "1 while an offload is in use: tap_tso and tap_uso (superframes of TCP and UDP from and to containers), udp_segment and udp_gro (trains of datagrams on the underlay), tunnel_gso (injection, to the peers that weft_peer_superframes_injected names). 0: the kernel, the device, the host or the configuration is against it, and every frame goes the longer way.",
    type: "gauge",
    samples: ({ view }) => view.offloads().map(({ offload, active }) => ({ labels: { offload }, value: active ? 1 : 0 })),
  },
  {
    name: "weft_port_up",
    help: "1 while the port's interface is attached, else 0: the log says why. One that was set down inside its namespace is attached; frames for it are dropped as port_down.",
    type: "gauge",
    samples: ({ view }) => view.ports().map((port) => ({ labels: portLabels(port), value: port.up ? 1 : 0 })),
  },
  {
    name: "weft_port_dropped_frames_total",
    help: "Frames that the kernel dropped on their way out of a container, before weft read them (the TAP's tx_dropped).",
    type: "counter",
    samples: ({ view }) => view.ports().map((port) => ({ labels: portLabels(port), value: port.txDropped })),
  },
];

/** Both states of every network, so that an empty table is a 0 and not a gap. */
function fdbEntries(view: DataPlaneView): Sample[] {
  return view.fdbSizes().flatMap(({ network, vni, configured, learned }) => [
    { labels: { ...labelsOf({ network, vni }), state: "static" }, value: configured },
    { labels: { ...labelsOf({ network, vni }), state: "learned" }, value: learned },
  ]);
}

function labelsOf(row: { network: string; vni: number }): Labels {
  return { network: row.network, vni: String(row.vni) };
}

function portLabels(row: { network: string; vni: number; netns: string; interface: string }): Labels {
  return { ...labelsOf(row), netns: row.netns, interface: row.interface };
}
