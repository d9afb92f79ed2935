// All metrics of an agent as Prometheus text. One scrape reads the data plane's counters once, so that the families of one
// answer agree with each other (host/metrics/frames.ts has the identity they keep). Main thread; a scrape waits for nothing.

import { collectDefaultMetrics, Registry } from "prom-client";
import { VERSION } from "../model/version.ts";
import type { CounterRow, DataPlaneView, PoolFiguresView, ProbesView, WorkerStats } from "../model/view.ts";
import { CONTROL_FAMILIES } from "./control.ts";
import { addFamilies, type Family } from "./family.ts";
import { FRAME_FAMILIES } from "./frames.ts";
import { PEER_FAMILIES } from "./peers.ts";
import { POOL_FAMILIES } from "./pools.ts";
import { TABLE_FAMILIES } from "./tables.ts";
import { WORKER_FAMILIES } from "./workers.ts";

/** Gauges of prom-client that are named like counters; Prometheus's own linter refuses them. */
const MISNAMED = ["nodejs_active_resources_total", "nodejs_active_handles_total", "nodejs_active_requests_total"];

/** What one scrape sees. */
interface Seen {
  view: DataPlaneView;
  counters: readonly CounterRow[];
  stats: readonly WorkerStats[];
  probes: ProbesView | null;
  pools: PoolFiguresView | null;
}

const AGENT_FAMILIES: readonly Family<Seen>[] = [
  {
    name: "weft_build_info",
    help: "1, with the version of the running agent.",
    type: "gauge",
    samples: () => [{ labels: { version: VERSION }, value: 1 }],
  },
  {
    name: "weft_node_info",
    help: "1, with the name, the VTEP and the backend of this host.",
    type: "gauge",
    samples: ({ view }) => {
      const { name, vtep, backend } = view.node();
      return [{ labels: { node: name, vtep, backend }, value: 1 }];
    },
  },
  {
    name: "weft_vtep_present",
    help: "1 while an interface of this host that is up has the VTEP address, else 0: its containers and those of other hosts do not reach each other.",
    type: "gauge",
    samples: ({ view }) => [{ labels: {}, value: view.vtepPresent() ? 1 : 0 }],
  },
];

export interface Exposition {
  contentType: string;
  /** The text of one scrape. Rejects with what the view threw. */
  text(): Promise<string>;
}

/** Declares every metric on a registry of its own. `probes`: null without a cluster; `pools`: null on a host that is no manager. */
export function exposition(view: DataPlaneView, probes: ProbesView | null = null, pools: PoolFiguresView | null = null): Exposition {
  const register = new Registry();
  collectDefaultMetrics({ register });
  for (const name of MISNAMED) register.removeSingleMetric(name);
  let seen: Seen = { view, counters: [], stats: [], probes, pools };
  const families = [
    ...AGENT_FAMILIES,
    ...FRAME_FAMILIES,
    ...WORKER_FAMILIES,
    ...TABLE_FAMILIES,
    ...CONTROL_FAMILIES,
    ...PEER_FAMILIES,
    ...POOL_FAMILIES,
  ];
  addFamilies<Seen>(register, families, () => seen);
  return {
    contentType: register.contentType,
    async text() {
      seen = { view, counters: view.counters(), stats: view.stats(), probes, pools };
      return register.metrics();
    },
  };
}
