// The underlays. A veth passes superframes whole from one host to the other, which no network card does, and which flatters whoever keeps them
// whole. So there are wires with less offload, and a capture that tells the largest frame that crossed, whatever the flags promise.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../lab/command.ts";
import type { Host } from "../lab/topology.ts";
import { iperf } from "../lab/traffic/iperf.ts";
import type { Pair } from "./peers/peer.ts";

export interface Wire {
  name: string;
  description: string;
  /** What `ethtool -K` is told at both ends. */
  features: Record<string, "on" | "off">;
}

export const WIRES: readonly Wire[] = [
  { name: "whole", description: "a veth as it is: superframes cross it whole", features: {} },
  {
    name: "tx-off",
    description:
      "no transmit offload (ethtool -K … tx off): the sending host cuts and sums every packet in software; the receiving one merges (gro on)",
    features: { tx: "off", gro: "on" },
  },
  {
    name: "segmented",
    description:
      "no segmentation offload (tso, gso, gro, tx-udp-segmentation, tx-udp_tnl-segmentation and tx-udp_tnl-csum-segmentation off), checksums unfinished",
    features: {
      tso: "off",
      gso: "off",
      gro: "off",
      "tx-udp-segmentation": "off",
      "tx-udp_tnl-segmentation": "off",
      // Linux's vxlan device sends with checksum: while this one is on, its superframes still cross whole.
      "tx-udp_tnl-csum-segmentation": "off",
    },
  },
];

/** Ethernet header and the outer packet: what a frame of an underlay of this MTU may have. */
export const frameMax = (mtu: number) => mtu + 14;

const CAPTURED = 4000;
const SNAP_BYTES = 64;
const PCAP_HEADER_BYTES = 24;
const PCAP_RECORD_BYTES = 16;

export async function setWire(hosts: readonly Host[], wire: Wire): Promise<void> {
  const words = Object.entries(wire.features).flat();
  if (words.length === 0) return;
  for (const { netns, device } of hosts) await run(["ethtool", "-K", device, ...words], { netns });
}

/** The largest frame, in bytes, that the sending host put on the wire while one TCP stream ran for a second. */
export async function largestFrame({ lab, hosts, containers }: Pair): Promise<number> {
  const [from, to] = containers;
  const [{ netns, device }] = hosts;
  const file = join(lab.directory, "wire.pcap");
  // Outgoing only: a receiver's GRO merges before a capture sees anything.
  const argv = ["tcpdump", "-Z", "root", "-n", "-Q", "out", "-s", `${SNAP_BYTES}`, "-c", `${CAPTURED}`, "-i", device, "-w", file];
  const tcpdump = lab.spawn(argv, { netns, name: "tcpdump" });
  await tcpdump.waitFor(/listening on/, "stderr");
  await iperf(lab, { from: from.netns, to: to.netns, address: to.ip4, seconds: 1 });
  await tcpdump.stop("SIGINT");
  return Math.max(...frameLengths(readFileSync(file)));
}

/** Lengths on the wire of the packets of a capture: libpcap's format, written on a little-endian machine. */
export function frameLengths(pcap: Buffer): number[] {
  const lengths: number[] = [];
  for (let at = PCAP_HEADER_BYTES; at + PCAP_RECORD_BYTES <= pcap.length; at += PCAP_RECORD_BYTES + pcap.readUInt32LE(at + 8)) {
    lengths.push(pcap.readUInt32LE(at + 12));
  }
  return lengths;
}
