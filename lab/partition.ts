// Hosts on a switch (topology.ts: three or more) that are cut off from each other, for a while: what may not pass is dropped on the switch, between
// the two ports that it would take, so that no host has a rule of its own, and the kernel's own packets (ARP) are cut off too.

import { run } from "./command.ts";
import type { Host } from "./topology.ts";

/** `data`: VXLAN alone; `control`: what is asked of a manager, and its answers, alone. */
const WHAT = { all: [""], data: ["udp dport 4789"], control: ["tcp dport 2377", "tcp sport 2377"] };
const TABLE = "partition";

export interface Cut {
  from: Host;
  to: Host;
  what: keyof typeof WHAT;
}

/** Both directions between each of one side and each of the other. */
export function between(one: readonly Host[], other: readonly Host[], what: Cut["what"] = "all"): Cut[] {
  return one.flatMap((from) =>
    other.flatMap((to) => [
      { from, to, what },
      { from: to, to: from, what },
    ]),
  );
}

/** Drops what the cuts name, at once. `hosts`: all that underlay() gave, in its order. Resolves to what heals them. */
export async function partition(hosts: readonly Host[], cuts: readonly Cut[]): Promise<() => Promise<void>> {
  const netns = `${hosts[0].lab.prefix}-switch`;
  const port = (host: Host) => `"s${hosts.indexOf(host)}"`;
  const rules = cuts.flatMap(({ from, to, what }) =>
    WHAT[what].map((packets) => `iifname ${port(from)} oifname ${port(to)} ${packets} drop`),
  );
  const chain = ["chain forward {", "type filter hook forward priority 0", ...rules, "}"];
  await run(["nft", "-f", "-"], { netns, input: [`table bridge ${TABLE} {`, ...chain, "}", ""].join("\n") });
  return async () => void (await run(["nft", "delete", "table", "bridge", TABLE], { netns }));
}
