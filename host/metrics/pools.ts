// What a manager knows of addresses, subnets and VNIs: how long they will last. As many series as the cluster has subnets; on other hosts, none.

import type { PoolFiguresView } from "../model/view.ts";
import type { Family, Labels, Sample } from "./family.ts";

interface Counted {
  pools: PoolFiguresView | null;
}

export const POOL_FAMILIES: readonly Family<Counted>[] = [
  {
    name: "weft_subnet_addresses",
    help: "Addresses of a network's subnet, on managers. used: endpoints have them; resting: of endpoints that are gone, not given out again yet; free: to be had without asking for a certain one.",
    type: "gauge",
    samples: ({ pools }) =>
      (pools?.subnets() ?? []).flatMap(({ network, vni, subnet, used, resting, free }) =>
        byState({ network, vni: String(vni), subnet }, { used, resting, free }),
      ),
  },
  {
    name: "weft_pool_subnets",
    help: "Subnets that a pool is cut into for networks without one of their own, on managers. free: no network's overlaps it; routes of hosts may stand against it still.",
    type: "gauge",
    samples: ({ pools }) => (pools?.pools() ?? []).flatMap(({ pool, used, free }) => byState({ pool }, { used, free })),
  },
  {
    name: "weft_vnis",
    help: "VNIs, on managers. used: networks have them; free: to be had without asking for a certain one.",
    type: "gauge",
    samples: ({ pools }) => byState({}, pools?.vnis() ?? {}),
  },
];

function byState(labels: Labels, figures: Record<string, number>): Sample[] {
  return Object.entries(figures).map(([state, value]) => ({ labels: { ...labels, state }, value }));
}
