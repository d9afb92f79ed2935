// The measurements as a table.

import Table from "cli-table3";
import type { Machine } from "../machine.ts";
import type { Measurement } from "./measure.ts";
import type { Options } from "./options.ts";

/** Allocators shown for each row, largest first. */
const SHOWN = 4;

export function table(measurements: readonly Measurement[]): string {
  const table = new Table({
    head: [
      "",
      "host",
      "frames/s",
      "frames a\nbreath",
      "B a frame",
      "B a call",
      "B a breath",
      "heap, KiB",
      "GCs",
      "threads,\nof them awake",
      "allocated most",
    ],
    colAligns: ["left", "left", ...Array.from({ length: 8 }, () => "right" as const), "left"],
    style: { head: [], border: [] },
  });
  for (const {
    phase,
    host,
    frames,
    calls,
    breaths,
    seconds,
    bytes,
    allocators,
    heapGrowth,
    collections,
    threads,
    asleep,
  } of measurements) {
    const most = allocators.slice(0, SHOWN).map(({ place, bytes }) => `${Math.round(bytes).toLocaleString("en")} B ${place}`);
    table.push([
      phase,
      host,
      Math.round(frames / seconds).toLocaleString("en"),
      (frames / breaths).toFixed(1),
      (bytes / frames).toFixed(3),
      (bytes / calls).toFixed(3),
      (bytes / breaths).toFixed(1),
      (heapGrowth / 1024).toFixed(0),
      `${collections}`,
      `${threads}, ${threads - asleep}`,
      most.join("\n") || "-",
    ]);
  }
  return table.toString();
}

export function conditions(machine: Machine, options: Options): string {
  const { cpus, cpu, kernel, node, commit, date, load } = machine;
  const { seconds, warm, workers, injection } = options;
  const how = `${workers} ${workers === 1 ? "worker" : "workers"} each, injection ${injection}`;
  return (
    `${cpus} × ${cpu}, kernel ${kernel}, Node ${node}, commit ${commit}, ${date.slice(0, 10)}, load ${load.toFixed(2)}; ${how}; ` +
    `windows of ${seconds} s after ${warm} s of the same traffic; V8's sampling heap profiler, collected objects included.`
  );
}
