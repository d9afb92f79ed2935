// How the worker threads are doing: the words S_* of assembly/abi/worker.ts.

import * as abi from "../../assembly/abi/worker.ts";
import type { WorkerStats } from "../model/view.ts";
import { type Family, histogramSamples, type Labels, type Sample } from "./family.ts";

interface Stats {
  stats: readonly WorkerStats[];
}

const WORD_BYTES = 8;
/** Upper bounds of S_BATCH_SIZES. No batch is larger than the last (RX_MAX). */
export const BATCH_BOUNDS = [1, 2, 4, 8, 16, 32, 64];

/** System calls that move frames, with the words that count messages and calls. A TAP write is one call each. */
const OPERATIONS = [
  { operation: "tap_read", messages: abi.S_TAP_READS, calls: abi.S_TAP_READ_CALLS },
  { operation: "receive", messages: abi.S_DATAGRAMS, calls: abi.S_RECEIVE_CALLS },
  { operation: "send", messages: abi.S_SENDS, calls: abi.S_SEND_CALLS },
  { operation: "tap_write", messages: abi.S_WRITES, calls: abi.S_WRITES },
] as const;

const BATCH_SIZE = "weft_worker_batch_size";

export const WORKER_FAMILIES: readonly Family<Stats>[] = [
  word("weft_worker_breaths_total", "counter", "Turns of the worker's loop: wait, receive, run the core, send.", abi.S_BREATHS),
  {
    name: BATCH_SIZE,
    help: "Messages taken in by one batch: TAP reads and datagrams. Large batches mean load, not trouble.",
    type: "histogram",
    samples: ({ stats }) => stats.flatMap(batchSizes),
  },
  {
    name: "weft_worker_messages_total",
    help: "Messages moved by system calls. A superframe, or a run of merged datagrams, is one.",
    type: "counter",
    samples: ({ stats }) => byOperation(stats, "messages"),
  },
  {
    name: "weft_worker_calls_total",
    help: "System calls that moved messages.",
    type: "counter",
    samples: ({ stats }) => byOperation(stats, "calls"),
  },
  {
    name: "weft_worker_restarts_total",
    help: "Times that the worker's thread was replaced after it failed.",
    type: "counter",
    samples: ({ stats }) => stats.map(({ worker, restarts }) => ({ labels: labelsOf(worker), value: restarts })),
  },
  word(
    "weft_socket_dropped_datagrams_total",
    "counter",
    "Datagrams that the kernel dropped because the worker's receiving socket was full (SO_RXQ_OVFL).",
    abi.S_SOCKET_DROPS,
  ),
  word(
    "weft_events_lost_total",
    "counter",
    "Notices to the main thread (an address learned, a path MTU that fell) that found the worker's ring full.",
    abi.S_EVENTS_LOST,
  ),
  word(
    "weft_worker_gso_off_sockets",
    "gauge",
    "Sending sockets that go on without UDP_SEGMENT because the kernel or the device refused it.",
    abi.S_GSO_OFF,
  ),
];

function word(name: string, type: "counter" | "gauge", help: string, offset: number): Family<Stats> {
  const samples = ({ stats }: Stats) => stats.map(({ worker, values }) => ({ labels: labelsOf(worker), value: read(values, offset) }));
  return { name, help, type, samples };
}

function* byOperation(stats: readonly WorkerStats[], unit: "messages" | "calls"): Iterable<Sample> {
  for (const { worker, values } of stats) {
    for (const entry of OPERATIONS) yield { labels: { ...labelsOf(worker), operation: entry.operation }, value: read(values, entry[unit]) };
  }
}

function batchSizes({ worker, values }: WorkerStats): Sample[] {
  const counts = BATCH_BOUNDS.map((_, i) => read(values, abi.S_BATCH_SIZES + i * WORD_BYTES));
  const sum = read(values, abi.S_TAP_READS) + read(values, abi.S_DATAGRAMS);
  return histogramSamples(BATCH_SIZE, labelsOf(worker), BATCH_BOUNDS, counts, sum);
}

function read(values: BigUint64Array, offset: number): number {
  return Number(values[offset / WORD_BYTES]);
}

function labelsOf(worker: number): Labels {
  return { worker: String(worker) };
}
