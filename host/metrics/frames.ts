// Frames, bytes and drops: the rows of assembly/abi/counter.ts. The unit is the wire frame. At rest, for every network and worker:
//
//   weft_frames_total{direction=~"received_.*"} + generated + copied
//     = weft_frames_total{direction=~"delivered|sent"} + answered + the sum of weft_dropped_frames_total
//
// Frames that belong to no network have network="" and vni="".

import * as abi from "../../assembly/abi/counter.ts";
import { REASON_LIST } from "../model/reason.ts";
import type { CounterRow } from "../model/view.ts";
import type { Family, Labels, Sample } from "./family.ts";

/**
 * Drops that never happened are shown as 0, so that a first one is seen as an increase; above so many series, only those that did
 * happen are shown.
 */
export const ZERO_SERIES_MAX = 10000;

interface Rows {
  counters: readonly CounterRow[];
}

/** Values of the label `direction`, with the counters of frames and bytes. */
const DIRECTIONS = [
  { direction: "received_port", frames: abi.C_RECEIVED_PORT, bytes: abi.C_RECEIVED_PORT_BYTES },
  { direction: "received_underlay", frames: abi.C_RECEIVED_UNDERLAY, bytes: abi.C_RECEIVED_UNDERLAY_BYTES },
  { direction: "delivered", frames: abi.C_DELIVERED, bytes: abi.C_DELIVERED_BYTES },
  { direction: "sent", frames: abi.C_SENT, bytes: abi.C_SENT_BYTES },
] as const;

const DIRECTION_HELP =
  "received_port: from a container, received_underlay: from a VTEP, delivered: to a container, sent: to a VTEP. A superframe counts its segments.";

export const FRAME_FAMILIES: readonly Family<Rows>[] = [
  {
    name: "weft_frames_total",
    help: `Ethernet frames by direction. ${DIRECTION_HELP}`,
    type: "counter",
    samples: ({ counters }) => byDirection(counters, "frames"),
  },
  {
    name: "weft_bytes_total",
    help: `Bytes of those frames, Ethernet header to end, by direction. ${DIRECTION_HELP}`,
    type: "counter",
    samples: ({ counters }) => byDirection(counters, "bytes"),
  },
  plain("weft_generated_frames_total", "Frames that weft made itself: ARP, ND and ICMP answers.", abi.C_GENERATED),
  plain("weft_copied_frames_total", "Copies made for flooding: one less than the replicas of each flooded frame.", abi.C_COPIES),
  plain(
    "weft_answered_frames_total",
    "Frames that ended here because they were answered: ARP requests and ND solicitations.",
    abi.C_ANSWERED,
  ),
  plain("weft_merged_frames_total", "Delivered frames that were merged into the write of an earlier one.", abi.C_MERGED),
  plain(
    "weft_ecn_suspect_frames_total",
    "Frames that went on although inner and outer ECN disagree in a way that RFC 6040 section 4.2 asks to report.",
    abi.C_ECN_SUSPECT,
  ),
  {
    name: "weft_dropped_frames_total",
    help: "Frames dropped, by reason. docs/reasons.md tells what each means and what to look at.",
    type: "counter",
    samples: ({ counters }) => drops(counters),
  },
];

function plain(name: string, help: string, index: number): Family<Rows> {
  const samples = ({ counters }: Rows) => counters.map((row) => ({ labels: labelsOf(row), value: Number(row.values[index]) }));
  return { name, help, type: "counter", samples };
}

function* byDirection(counters: readonly CounterRow[], unit: "frames" | "bytes"): Iterable<Sample> {
  for (const row of counters) {
    const labels = labelsOf(row);
    for (const way of DIRECTIONS) yield { labels: { ...labels, direction: way.direction }, value: Number(row.values[way[unit]]) };
  }
}

function* drops(counters: readonly CounterRow[]): Iterable<Sample> {
  const withZeros = counters.length * REASON_LIST.length <= ZERO_SERIES_MAX;
  for (const row of counters) {
    const labels = labelsOf(row);
    for (const { number, label } of REASON_LIST) {
      const value = Number(row.values[abi.C_DROPPED + number]);
      if (value !== 0 || withZeros) yield { labels: { ...labels, reason: label }, value };
    }
  }
}

function labelsOf(row: CounterRow): Labels {
  return { network: row.network, vni: row.vni === null ? "" : String(row.vni), worker: String(row.worker) };
}
