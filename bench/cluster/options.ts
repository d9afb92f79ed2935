// The command line of npm run bench:cluster.

import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../machine.ts";
import { PART_NAMES } from "./parts/names.ts";
import { STORES, type StoreName } from "./stand.ts";

export interface Options {
  parts: string[];
  stores: StoreName[];
  agents: number[];
  followers: number[];
  endpoints: number;
  kills: number;
  minutes: number;
  sizes: number[];
  watchers: number;
  seconds: number;
  json: string;
  writePage: boolean;
  /** The page is made from the file as it is. */
  reportOnly: boolean;
}

const PAGE = "docs/cluster-figures.md";

const HELP = `npm run bench:cluster -- [options]: what a cluster of real agents on this machine does, in figures (root, etcd)

  --parts LIST      which of ${PART_NAMES.join(", ")} (all)
  --full            as long as the figures of the record take: 20 kills, 10 minutes of lost probes, 100 endpoints, 20 s
  --stores LIST     what managers stand on: ${STORES.join(", ")} (all)
  --agents LIST     visible: numbers of agents (3,10,25); the last one with each store
  --followers LIST  visible: numbers of agents without a data path, in one process (100,300)
  --endpoints N     visible: endpoints that come one after the other, and in a burst (30)
  --kills N         death: agents that are killed (5)
  --minutes N       death: minutes in which every tenth probe is lost (1)
  --sizes LIST      size: endpoints in one network (1000,10000,30000,100000)
  --watchers N      fan-out: clients that watch (1000)
  --seconds N       fan-out, store: how long changes are made as fast as can be (5)
  --json FILE       where the figures go (build/cluster.json): parts that were not run stay as they are there
  --write-page      makes ${PAGE} of all that is in the file
  --report          measures nothing: tables, and with --write-page the page, from the file
  --help`;

const FULL = { kills: "20", minutes: "10", endpoints: "100", seconds: "20" } as const;

function fail(message: string): never {
  console.error(`bench:cluster: ${message}`);
  process.exit(2);
}

function parse(argv: string[] | undefined) {
  try {
    return parseArgs({
      args: argv,
      options: {
        parts: { type: "string", default: PART_NAMES.join(",") },
        full: { type: "boolean", default: false },
        stores: { type: "string", default: STORES.join(",") },
        agents: { type: "string", default: "3,10,25" },
        followers: { type: "string", default: "100,300" },
        endpoints: { type: "string" },
        kills: { type: "string" },
        minutes: { type: "string" },
        sizes: { type: "string", default: "1000,10000,30000,100000" },
        watchers: { type: "string", default: "1000" },
        seconds: { type: "string" },
        json: { type: "string", default: join(ROOT, "build", "cluster.json") },
        "write-page": { type: "boolean", default: false },
        report: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return fail((error as Error).message);
  }
}

function listOf<Name extends string>(flag: string, text: string, known: readonly Name[]): Name[] {
  const names = text.split(",");
  const unknown = names.find((name) => !(known as readonly string[]).includes(name));
  if (unknown !== undefined) fail(`--${flag}: ${unknown || "nothing"} is none of ${known.join(", ")}`);
  return known.filter((name) => names.includes(name));
}

function number(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) fail(`--${flag} ${text}: a whole number from ${min} to ${max}`);
  return value;
}

function numbers(flag: string, text: string, min: number, max: number): number[] {
  return text
    .split(",")
    .map((one) => number(flag, one, min, max))
    .sort((a, b) => a - b);
}

/** The command line, checked. Ends the program on --help and on anything unknown. */
export function readOptions(argv?: string[]): Options {
  const values = parse(argv);
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  const short = { kills: "5", minutes: "1", endpoints: "30", seconds: "5" };
  const length = { ...(values.full ? FULL : short) };
  const given = (flag: keyof typeof short) => values[flag] ?? length[flag];
  return {
    parts: listOf("parts", values.parts, PART_NAMES),
    stores: listOf("stores", values.stores, STORES),
    agents: numbers("agents", values.agents, 2, 100),
    followers: values.followers === "none" ? [] : numbers("followers", values.followers, 1, 1000),
    endpoints: number("endpoints", given("endpoints"), 1, 1000),
    kills: number("kills", given("kills"), 1, 1000),
    minutes: number("minutes", given("minutes"), 1, 1440),
    sizes: numbers("sizes", values.sizes, 1, 250_000),
    watchers: number("watchers", values.watchers, 1, 4000),
    seconds: number("seconds", given("seconds"), 1, 3600),
    json: values.json,
    writePage: values["write-page"],
    reportOnly: values.report,
  };
}
