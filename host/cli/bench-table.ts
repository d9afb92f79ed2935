// The figures of `weft bench run` for people: a table, then the conditions that they were taken under. Pure.

import { type AgentFrames, type BenchResults, type Measure, machineLine, type PathResults, type Summary } from "../model/bench.ts";
import { type Column, formatTable } from "./table.ts";

/** Offloads that decide how large the pieces are in which a stack works; the JSON has all that are on. */
const SHOWN_OFFLOADS = new Map([
  ["tcp-segmentation-offload", "tso"],
  ["generic-segmentation-offload", "gso"],
  ["generic-receive-offload", "gro"],
  ["tx-udp-segmentation", "tx-udp-segmentation"],
  ["tx-udp_tnl-segmentation", "tx-udp_tnl-segmentation"],
  ["rx-checksumming", "rx"],
  ["tx-checksumming", "tx"],
]);

export function formatBench(results: BenchResults, bold: (text: string) => string): string {
  const columns: Column<Measure>[] = [{ title: "MEASURE", text: ({ title }) => title }];
  for (const path of results.paths) {
    const title = path.role === "baseline" ? `${path.address} (baseline)` : path.address;
    columns.push({ title, text: (measure) => figure(path.summary[measure.key], measure, results.rounds) });
  }
  const [path, baseline] = results.paths;
  if (baseline !== undefined) columns.push({ title: "RATIO", text: ({ key }) => ratio(path.ratio[key]) });
  return `${formatTable(columns, results.measures, bold)}\n${conditions(results).join("\n")}\n`;
}

function figure(summary: Summary | null, { digits, unit }: Measure, rounds: number): string {
  if (summary === null) return "";
  const show = (value: number) => value.toFixed(digits);
  const spread = rounds > 1 ? ` (${show(summary.min)}–${show(summary.max)})` : "";
  return `${show(summary.median)} ${unit}${spread}`;
}

function ratio(value: number | null): string {
  return value === null ? "" : `×${value.toFixed(2)}`;
}

function conditions(results: BenchResults): string[] {
  const { machine, agent, paths, started, rounds, roundsAsked, seconds, reverse, background } = results;
  const busy = background.reduce((sum, value) => sum + value, 0) / background.length;
  const many = rounds === 1 ? "1 round" : `median of ${rounds} ${paths.length > 1 ? "interleaved " : ""}rounds (min–max)`;
  const short = rounds < roundsAsked ? `, ${roundsAsked} were asked for` : "";
  const ratios = paths.length > 1 ? "; × is the median of each round's ratio to the baseline" : "";
  return [
    `${many}${short}; tests of ${seconds} s, ${reverse ? "sent by the other end" : "sent by this end"}${ratios}; ${started.slice(0, 16)}Z`,
    `this end: ${machineLine(machine)}, ${busy.toFixed(2)} CPUs busy with other things`,
    ...(agent === null ? [] : [`its agent: ${agent.node}, weft ${agent.version}, backend ${agent.backend}`]),
    ...paths.flatMap(pathLines),
  ];
}

function pathLines(path: PathResults): string[] {
  const { address, netns, device, deviceMtu, pathMtu, blackHole, offloads, peer, frames } = path;
  const on = [...SHOWN_OFFLOADS].filter(([name]) => offloads?.includes(name)).map(([, short]) => short);
  const words = [
    `by ${device}${netns === null ? "" : ` in ${netns}`}, MTU ${deviceMtu}`,
    `path MTU ${pathMtu ?? "unknown (no ping came back)"}${blackHole ? " (larger packets disappear untold)" : ""}`,
    ...(offloads === null ? [] : [`offloads: ${on.join(" ") || "none"}`]),
    ...(peer === null ? [] : [`other end: ${peer.system}, iperf3 ${peer.iperf3}`]),
  ];
  return [`${address}: ${words.join("; ")}`, ...(frames === null ? [] : [`${address}: the agent counted ${framesText(frames)}`])];
}

function framesText({ networks, kernelDropped }: AgentFrames): string {
  const busy = networks.filter(({ sent, delivered, dropped }) => sent + delivered > 0 || Object.keys(dropped).length > 0);
  const texts = busy.map(({ network, sent, delivered, dropped }) => {
    const drops = Object.entries(dropped).map(([reason, frames]) => `${frames} ${reason}`);
    return `${network || "(no network)"}: ${sent} frames sent, ${delivered} delivered, dropped: ${drops.join(", ") || "none"}`;
  });
  const { fromContainers, fromUnderlay } = kernelDropped;
  if (fromContainers > 0) texts.push(`${fromContainers} frames from containers dropped by the kernel before weft read them`);
  if (fromUnderlay > 0) texts.push(`${fromUnderlay} datagrams from the underlay dropped by the kernel before weft read them`);
  return texts.join("; ") || "nothing";
}
