// The command line of the benchmark.

import { join } from "node:path";
import { parseArgs } from "node:util";
import { help, optionsOf, whole } from "./command-line.ts";
import { ROOT } from "./machine.ts";
import { BASELINE, DEFAULT_PEERS, peers } from "./peers/index.ts";
import { core, sameHost } from "./suites/core.ts";
import { FRAME_SIZES } from "./suites/frames.ts";
import { sizes } from "./suites/sizes.ts";
import type { Suite, SuiteOptions } from "./suites/suite.ts";
import { WIRES, type Wire } from "./wires.ts";

export const SUITES: readonly Suite[] = [core, sizes, sameHost];
const MTU_MIN = 576;
/** The largest frame of the suite sizes, encapsulated. */
const SIZES_MTU_MIN = 1500;

const names = (things: readonly { name: string }[]) => things.map(({ name }) => name).join(",");

const HELP = `npm run bench -- [options]: weft beside Linux's vxlan and other overlays on this machine (root)

  --suite LIST     core: TCP, UDP, ping and CPU time between two hosts (default); sizes: datagrams a second by
                   frame size; samehost: as core, both containers on one host; all
  --wire LIST      the underlay of two hosts, or all (default whole):
${WIRES.map(({ name, description }) => `                   ${name}: ${description}`).join("\n")}
  --peers LIST     of ${names(peers(null))}
                   (${DEFAULT_PEERS.join(",")}); ${BASELINE} is the baseline
  --sizes LIST     frame sizes of the suite sizes, of ${names(FRAME_SIZES)} (all)
  --rounds N       interleaved rounds (5)
  --seconds N      length of each iperf3 test (3)
  --quick          2 rounds of 1 s: does it run?
  --workers N      weft's worker threads (its own default)
  --mtu N          of the underlay (1500)
  --json FILE      where the figures go (build/bench.json)
  --write-readme   puts tables and charts into README.md and docs/figures, unless the machine was busy
  --help

npm run bench:report makes tables and charts from the figures at any time. What is measured and how: docs/benchmarks.md`;

export interface Options extends SuiteOptions {
  suites: Suite[];
  wires: Wire[];
  rounds: number;
  workers: number | null;
  mtu: number;
  peers: string[];
  json: string;
  writeReadme: boolean;
}

/** What `text` names, in its order; "all" names everything. Throws on a name that there is not. */
export function choose<Thing extends { name: string }>(flag: string, text: string, things: readonly Thing[]): Thing[] {
  if (text === "all") return [...things];
  return [...new Set(text.split(","))].map((name) => {
    const found = things.find((thing) => thing.name === name);
    if (!found) throw new Error(`${flag}: ${name || "nothing"} is none of ${names(things)}`);
    return found;
  });
}

/** The command line, checked. null = help was asked for. Throws with one line on anything wrong. */
export function parseOptions(argv: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      suite: { type: "string", default: core.name },
      wire: { type: "string", default: "whole" },
      peers: { type: "string", default: DEFAULT_PEERS.join(",") },
      sizes: { type: "string", default: "all" },
      rounds: { type: "string" },
      seconds: { type: "string" },
      quick: { type: "boolean", default: false },
      workers: { type: "string" },
      mtu: { type: "string", default: "1500" },
      json: { type: "string", default: join(ROOT, "build", "bench.json") },
      "write-readme": { type: "boolean", default: false },
      help,
    },
  });
  if (values.help) return null;
  const mtu = whole("--mtu", values.mtu, MTU_MIN);
  const suites = choose("--suite", values.suite, SUITES);
  if (suites.includes(sizes) && mtu < SIZES_MTU_MIN) throw new Error(`--mtu ${mtu}: the suite ${sizes.name} needs ${SIZES_MTU_MIN}`);
  return {
    suites,
    wires: choose("--wire", values.wire, WIRES),
    peers: choose("--peers", values.peers, peers(null)).map(({ name }) => name),
    sizes: choose("--sizes", values.sizes, FRAME_SIZES).map(({ name }) => name),
    rounds: whole("--rounds", values.rounds ?? (values.quick ? "2" : "5"), 1),
    seconds: whole("--seconds", values.seconds ?? (values.quick ? "1" : "3"), 1),
    workers: values.workers === undefined ? null : whole("--workers", values.workers, 1),
    mtu,
    json: values.json,
    writeReadme: values["write-readme"],
  };
}

/** The same for the program: ends it on --help and on anything wrong. */
export function readOptions(): Options {
  return optionsOf("bench", HELP, () => parseOptions(process.argv.slice(2)));
}
