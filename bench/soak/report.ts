// The verdict for a terminal.

import Table from "cli-table3";
import type { NetworkBooks } from "../../lab/books.ts";
import type { Machine } from "../machine.ts";
import type { Options } from "./options.ts";
import type { Trend } from "./slope.ts";
import type { Tally } from "./traffic.ts";
import type { AgentVerdict } from "./verdict.ts";

const PLAIN = { head: [], border: [] };

function row(host: string, what: string, unit: string, digits: number, { perHour, climb, min, max }: Trend): string[] {
  const number = (value: number) => value.toFixed(digits);
  return [host, what, `${number(min)}–${number(max)} ${unit}`, `${number(max - min)}`, `${climb.toFixed(1)}`, `${perHour.toFixed(1)}`];
}

function count(value: number): string {
  return value.toLocaleString("en");
}

function bookRow(host: string, name: string, { came, went, dropped }: NetworkBooks): string[] {
  const drops = Object.entries(dropped).map(([reason, frames]) => `${count(frames)} ${reason}`);
  return [host, name || "(none)", count(came), count(went), came === went ? "balanced" : count(came - went), drops.join(", ") || "-"];
}

export function report(verdicts: readonly AgentVerdict[], traffic: Record<string, Tally>): string {
  const trends = new Table({ head: ["host", "", "range", "max − min", "climb", "an hour"], style: PLAIN });
  const books = new Table({ head: ["host", "network", "frames came", "went", "", "of them dropped"], style: PLAIN });
  for (const { host, rss, files, heap, descriptors, threads, books: networks } of verdicts) {
    trends.push(
      row(host, "RSS, its own", "MiB", 1, rss),
      row(host, "RSS, of files", "MiB", 1, files),
      row(host, "heap, main thread", "MiB", 1, heap),
    );
    trends.push(row(host, "descriptors", "", 0, descriptors), row(host, "threads", "", 0, threads));
    for (const [name, book] of Object.entries(networks)) books.push(bookRow(host, name, book));
  }
  const kinds = new Table({ head: ["traffic", "rounds", "failed", "last failure"], style: PLAIN });
  for (const [name, { done, failed, lastFailure }] of Object.entries(traffic))
    kinds.push([name, `${done}`, `${failed}`, lastFailure?.slice(0, 80) ?? "-"]);
  return [trends, books, kinds].map(String).join("\n");
}

export function conditions(machine: Machine, options: Options, verdicts: readonly AgentVerdict[]): string {
  const { cpus, cpu, kernel, node, commit, date, load } = machine;
  const { minutes, warmSeconds, workers, boundMiB } = options;
  const rates = verdicts.map(({ host, framesPerSecond }) => `${host} ${Math.round(framesPerSecond / 1000).toLocaleString("en")} k/s`);
  return (
    `${cpus} × ${cpu}, kernel ${kernel}, Node ${node}, commit ${commit}, ${date.slice(0, 10)}, load ${load.toFixed(2)} at start; ` +
    `${workers ?? "default"} workers; ${minutes} min, trends without the first ${warmSeconds.toFixed(0)} s; ` +
    `frames counted in each direction: ${rates.join(", ")}; flat: RSS climbs by less than ${boundMiB} MiB.`
  );
}
