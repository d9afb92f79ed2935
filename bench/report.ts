// Figures as a table, for the terminal and for the README.

import Table from "cli-table3";
import type { Machine } from "./machine.ts";
import { MEASURES, type Measure } from "./measure.ts";
import { BASELINE } from "./peers/index.ts";
import { median, ratios, summarise } from "./statistics.ts";

export interface Results {
  machine: Machine;
  rounds: number;
  seconds: number;
  mtu: number;
  wire: string;
  offloads: Record<string, string[]>;
  /** Busy CPUs while nothing was measured, at the start of each round: what neighbours took. */
  background: number[];
  descriptions: Record<string, string>;
  /** peer → measure → one value a round. */
  values: Record<string, Record<string, number[]>>;
}

function figure(results: Results, peer: string, measure: Measure): { value: string; spread: string; ratio: string } {
  const values = results.values[peer][measure.key];
  const { median: middle, min, max } = summarise(values);
  const baseline = results.values[BASELINE]?.[measure.key];
  const show = (value: number) => value.toFixed(measure.digits);
  const ratio = baseline && peer !== BASELINE ? `×${median(ratios(values, baseline)).toFixed(2)}` : "";
  return { value: `${show(middle)} ${measure.unit}`, spread: `${show(min)}–${show(max)}`, ratio };
}

/** The table that a terminal shows. */
export function table(results: Results): string {
  const names = Object.keys(results.values);
  const out = new Table({ head: ["", ...names], style: { head: [], border: [] } });
  for (const measure of MEASURES) {
    const cells = names.map((name) => {
      const { value, spread, ratio } = figure(results, name, measure);
      return `${value}${ratio && `  ${ratio}`}\n${spread}`;
    });
    out.push([measure.better === "less" ? `${measure.title} (less is better)` : measure.title, ...cells]);
  }
  return out.toString();
}

/** One line on the machine and the method. */
export function conditions({ machine, rounds, seconds, mtu, wire, background }: Results): string {
  return (
    `${machine.cpus} × ${machine.cpu}, kernel ${machine.kernel}, Node ${machine.node}, iperf3 ${machine.iperf3}, commit ${machine.commit}, ` +
    `${machine.date.slice(0, 10)}; two hosts on a veth, MTU ${mtu}, wire ${wire}; median of ${rounds} interleaved rounds of ${seconds} s, min–max; ` +
    `× is the median of each round's ratio to ${BASELINE}; ${median(background).toFixed(2)} CPUs busy with other things`
  );
}

/** The same as Markdown. */
export function markdown(results: Results): string {
  const names = Object.keys(results.values);
  const rows = MEASURES.map((measure) => {
    const cells = names.map((name) => {
      const { value, spread, ratio } = figure(results, name, measure);
      return `${ratio ? `**${value}** ${ratio}` : value} (${spread})`;
    });
    return `| ${measure.title} | ${cells.join(" | ")} |`;
  });
  const head = [`| | ${names.map((name) => results.descriptions[name]).join(" | ")} |`, `|---|${"---|".repeat(names.length)}`];
  return [...head, ...rows, "", `${conditions(results)}. \`npm run bench\` repeats it.`].join("\n");
}
