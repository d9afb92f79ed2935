// The command line of npm run bench:cluster.

import { join } from "node:path";
import { parseArgs } from "node:util";
import { help, optionsOf, whole, wholes } from "../command-line.ts";
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

function listOf<Name extends string>(flag: string, text: string, known: readonly Name[]): Name[] {
  const names = text.split(",");
  const unknown = names.find((name) => !(known as readonly string[]).includes(name));
  if (unknown !== undefined) throw new Error(`--${flag}: ${unknown || "nothing"} is none of ${known.join(", ")}`);
  return known.filter((name) => names.includes(name));
}

/** The command line, checked. Ends the program on --help and on anything wrong. */
export function readOptions(argv?: string[]): Options {
  return optionsOf("bench:cluster", HELP, () => {
    const { values } = parseArgs({
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
        help,
      },
    });
    if (values.help) return null;
    const short = { kills: "5", minutes: "1", endpoints: "30", seconds: "5" };
    const length = { ...(values.full ? FULL : short) };
    const given = (flag: keyof typeof short) => values[flag] ?? length[flag];
    return {
      parts: listOf("parts", values.parts, PART_NAMES),
      stores: listOf("stores", values.stores, STORES),
      agents: wholes("--agents", values.agents, 2, 100),
      followers: values.followers === "none" ? [] : wholes("--followers", values.followers, 1, 1000),
      endpoints: whole("--endpoints", given("endpoints"), 1, 1000),
      kills: whole("--kills", given("kills"), 1, 1000),
      minutes: whole("--minutes", given("minutes"), 1, 1440),
      sizes: wholes("--sizes", values.sizes, 1, 250_000),
      watchers: whole("--watchers", values.watchers, 1, 4000),
      seconds: whole("--seconds", given("seconds"), 1, 3600),
      json: values.json,
      writePage: values["write-page"],
      reportOnly: values.report,
    };
  });
}
