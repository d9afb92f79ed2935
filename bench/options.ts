// The command line of the benchmark.

import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "./machine.ts";
import { BASELINE, DEFAULT_PEERS, peers } from "./peers/index.ts";

const HELP = `npm run bench -- [options]: weft beside Linux's vxlan on this machine (root; about ${DEFAULT_PEERS.length * 12} s a round)

  --rounds N       interleaved rounds (5)
  --seconds N      length of each iperf3 test (3)
  --quick          2 rounds of 1 s: does it run?
  --peers LIST     of ${peers(null)
    .map((peer) => peer.name)
    .join(",")} (${DEFAULT_PEERS.join(",")}); ${BASELINE} is the baseline
  --workers N      weft's worker threads (its own default)
  --mtu N          of the underlay (1500)
  --wire KIND      whole: the veth carries superframes whole, as it does by default; segmented: every packet
                   is cut to the MTU before the wire, as on a network card without offloads
  --json FILE      where the figures go (build/bench.json)
  --write-readme   puts the table into README.md
  --help`;

const MTU_MIN = 576;

export interface Options {
  rounds: number;
  seconds: number;
  workers: number | null;
  mtu: number;
  wire: string;
  names: string[];
  json: string;
  writeReadme: boolean;
}

/** Ends the program: it was called wrongly. */
export function fail(message: string): never {
  console.error(`bench: ${message}`);
  process.exit(2);
}

/** The command line, checked. Ends the program on --help and on anything unknown. */
export function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string" },
      seconds: { type: "string" },
      quick: { type: "boolean", default: false },
      peers: { type: "string", default: DEFAULT_PEERS.join(",") },
      workers: { type: "string" },
      mtu: { type: "string", default: "1500" },
      wire: { type: "string", default: "whole" },
      json: { type: "string", default: join(ROOT, "build", "bench.json") },
      "write-readme": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  const number = (name: string, text: string, min: number) => {
    if (!/^\d+$/.test(text) || Number(text) < min) fail(`--${name} ${text}: a whole number from ${min} on`);
    return Number(text);
  };
  if (!["whole", "segmented"].includes(values.wire)) fail(`--wire ${values.wire}: whole or segmented`);
  return {
    rounds: number("rounds", values.rounds ?? (values.quick ? "2" : "5"), 1),
    seconds: number("seconds", values.seconds ?? (values.quick ? "1" : "3"), 1),
    workers: values.workers === undefined ? null : number("workers", values.workers, 1),
    mtu: number("mtu", values.mtu, MTU_MIN),
    wire: values.wire,
    names: values.peers.split(","),
    json: values.json,
    writeReadme: values["write-readme"],
  };
}
