// Datagrams a second by frame size, after RFC 2544: when the sender offers all it can (saturation), and at the highest load that loses nothing (NDR) or at
// most 0.5 % (PDR). One flow, from one container to the other; what is counted has reached the other container's socket.

import type { Pair, Standing } from "../peers/peer.ts";
import { findRate } from "../search.ts";
import { Datagrams } from "../traffic/datagrams.ts";
import { FRAME_SIZES } from "./frames.ts";
import type { Measure, Suite, SuiteOptions } from "./suite.ts";

export const PDR_LOSS_RATIO = 0.005;
export const TRIAL_SECONDS = 0.25;
/** The trial that counts, and the flood. */
export const LONG_SECONDS = 0.5;
/** A search takes about ten trials, and what is underway needs its time to arrive. */
const SECONDS_A_SIZE = 8;

const KINDS = [
  { kind: "flood", title: "flooded", group: "UDP datagrams, flooded" },
  { kind: "ndr", title: "without loss", group: "UDP datagrams without loss (NDR)" },
  { kind: "pdr", title: "loss ≤ 0.5 %", group: "UDP datagrams, loss ≤ 0.5 % (PDR)" },
];

const chosen = ({ sizes }: SuiteOptions) => FRAME_SIZES.filter(({ name }) => sizes.includes(name));

function measures(options: SuiteOptions): Measure[] {
  return KINDS.flatMap(({ kind, title, group }) =>
    chosen(options).map(({ name }) => ({
      key: `${kind}:${name}`,
      title: `${name === "IMIX" ? name : `${name} B`}, ${title}`,
      label: name,
      unit: "k/s",
      better: "more" as const,
      digits: 1,
      group,
      axis: "inner frame, bytes",
    })),
  );
}

async function run(pair: Pair, _: Standing, options: SuiteOptions): Promise<Record<string, number>> {
  const datagrams = await Datagrams.open(pair.containers);
  const values: Record<string, number> = {};
  for (const { name, payloads } of chosen(options)) {
    const trial = (ratePerSecond: number | null, long: boolean) =>
      datagrams.trial({ payloads, ratePerSecond, seconds: long ? LONG_SECONDS : TRIAL_SECONDS });
    await trial(null, false); // Neighbours are resolved, MAC addresses learned, programs warm.
    const flood = await trial(null, true);
    const pdr = await findRate(flood, { lossRatio: PDR_LOSS_RATIO }, trial);
    const ndr = await findRate(flood, { lossRatio: 0, guess: pdr.rate }, trial);
    values[`flood:${name}`] = flood.delivered / 1e3;
    values[`ndr:${name}`] = ndr.rate / 1e3;
    // What loses nothing loses no more than 0.5 %: of two searches on a shared machine, the later may have been luckier.
    values[`pdr:${name}`] = Math.max(pdr.rate, ndr.rate) / 1e3;
  }
  await datagrams.close();
  return values;
}

export const sizes: Suite = {
  name: "sizes",
  title: "Two hosts, by frame size",
  topology: "two hosts",
  measures,
  run,
  estimateSeconds: (options) => chosen(options).length * SECONDS_A_SIZE,
};
