// What tables and charts show of a section: of each measure and peer the median and spread over the rounds, and the ratio to the baseline with its own.
// Ratios are taken within each round, where both sides saw the same neighbours.

import type { Results, Section } from "../results.ts";
import { ratios, type Summary, summarise } from "../statistics.ts";
import type { Measure } from "../suites/suite.ts";

export interface Figure {
  peer: string;
  measure: Measure;
  value: Summary;
  /** null for the baseline itself, and where it has no values. */
  ratio: Summary | null;
}

export function figure(section: Section, peer: string, measure: Measure, baseline: string): Figure {
  const values = section.peers[peer].values[measure.key];
  const base = peer === baseline ? undefined : section.peers[baseline]?.values[measure.key];
  const each = base ? ratios(values, base) : [];
  return { peer, measure, value: summarise(values), ratio: each.length === 0 ? null : summarise(each) };
}

export interface Texts {
  value: string;
  spread: string;
  /** "" where there is none. */
  ratio: string;
  ratioSpread: string;
}

export function texts({ value, ratio, measure }: Figure): Texts {
  const show = (number: number) => number.toFixed(measure.digits);
  return {
    value: `${show(value.median)} ${measure.unit}`,
    spread: `${show(value.min)}–${show(value.max)}`,
    ratio: ratio ? `×${ratio.median.toFixed(2)}` : "",
    ratioSpread: ratio ? `${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}` : "",
  };
}

/** "Two hosts, wire whole" */
export function sectionTitle(section: Section): string {
  return section.wire === null ? section.title : `${section.title}, wire ${section.wire}`;
}

/** The largest frames seen on the wire: "1514 B", or by peer where they differ. */
export function wireText(section: Section): string {
  const sizes = Object.entries(section.peers).map(([name, { largestFrame }]) => ({ name, largestFrame }));
  if (sizes.every(({ largestFrame }) => largestFrame === null)) return "";
  const distinct = new Set(sizes.map(({ largestFrame }) => largestFrame));
  return distinct.size === 1
    ? `largest frame on the wire ${sizes[0].largestFrame} B`
    : `largest frame on the wire ${sizes.map(({ name, largestFrame }) => `${name} ${largestFrame}`).join(", ")} B`;
}

/** One line on the machine and the method. */
export function conditions({ machine, rounds, seconds, mtu }: Results, section: Section): string {
  const place = section.wire === null ? `one host, MTU ${mtu - 50}` : `two hosts on a veth, MTU ${mtu}, wire ${section.wire}`;
  const wire = wireText(section);
  const busiest = Math.max(0, ...section.background);
  return (
    `${machine.cpus} × ${machine.cpu}, kernel ${machine.kernel}, Node ${machine.node}, iperf3 ${machine.iperf3}, commit ${machine.commit}, ` +
    `${machine.date.slice(0, 10)}; ${place}${wire && ` (${wire})`}; ${rounds} interleaved round${rounds === 1 ? "" : "s"}, iperf3 tests of ${seconds} s; ` +
    `at most ${busiest.toFixed(2)} CPUs busy with other things`
  );
}

/** How a table is to be read. */
export function legend({ baseline }: Results): string {
  return `Median (least–greatest round); × is the median of each round's ratio to ${baseline} (least–greatest)`;
}
