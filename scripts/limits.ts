// docs/limits.md: every bound that a user may meet, read from the source that enforces it. `constant` is how other checks of pages read a number, too.

import { read } from "./sources.ts";

/** The value of `const NAME = 5 * 1024 ** 2;` in a source. Throws when it has no such number. */
export function constant(file: string, name: string): number {
  const [, expression] = new RegExp(`^(?:export )?const ${name} = ([\\d_ *n.]+);$`, "m").exec(read(file)) ?? [];
  if (expression === undefined) throw new Error(`${file} has no number ${name}`);
  const power = (text: string) => {
    const [base, exponent = "1"] = text.split(" ** ").map((part) => part.replaceAll(/[_n]/g, ""));
    return Number(base) ** Number(exponent);
  };
  return expression.split(/ \* (?!\*)/).reduce((product, part) => product * power(part), 1);
}

type Unit = "" | "s" | "ms" | "h" | "days" | "bytes";
/** What, in which file, by which name, in which unit; `less`: so many less than the source says. */
type Row = readonly [what: string, file: string, name: string, unit?: Unit, less?: number];

const GROUPS: Record<string, readonly Row[]> = {
  "One host": [
    // Entry 0 of a table means "none".
    ["networks that it takes part in, the probes' among them", "assembly/abi/limits.ts", "NETWORKS_MAX", "", 1],
    ["containers' interfaces (ports), all networks together", "assembly/abi/limits.ts", "PORTS_MAX", "", 1],
    ["ports of one network", "assembly/abi/limits.ts", "FLOOD_PORTS_MAX"],
    ["other hosts (VTEPs) that it forwards to", "assembly/abi/limits.ts", "VTEPS_MAX", "", 1],
    ["VTEPs to which superframes are injected; others by the sockets", "host/control/injection.ts", "INJECTED_MAX"],
    ["worker threads", "assembly/abi/limits.ts", "WORKERS_MAX"],
    ["forwarding entries of a cluster's member", "host/agent/member/open-overlay.ts", "FDB_CAPACITY"],
    ["forwarding entries of an agent with a file, at most (`fdbCapacity`)", "host/config/keys.ts", "FDB_CAPACITY_MAX"],
    ["file of `weft agent`", "host/config/read.ts", "FILE_BYTES_MAX", "bytes"],
    ["containers of `weft run`", "host/sandbox/containers.ts", "CONTAINERS_MAX"],
    [
      "a container's log: each of two files, of which the older goes when the other is full",
      "host/sandbox/shim.ts",
      "LOG_BYTES_MAX",
      "bytes",
    ],
    ["ICMP errors that a worker makes in 100 ms", "assembly/abi/limits.ts", "ICMP_ERRORS_PER_TICK"],
  ],
  "A cluster": [
    ["networks", "host/manager/network-create.ts", "CLUSTER_NETWORKS_MAX"],
    ["embedded store, on the disk", "host/store/embedded/database.ts", "FILE_BYTES_MAX", "bytes"],
    ["changes of the state that are kept for watchers who were away", "host/store/embedded/engine.ts", "HISTORY_REVISIONS"],
    ["leases, embedded store", "host/store/embedded/leases.ts", "LEASES_MAX"],
    ["first VNI that is given out", "host/model/cluster/records.ts", "VNI_FIRST"],
    ["VNI of the probes, which no network gets", "host/model/cluster/records.ts", "PROBE_VNI"],
  ],
  Times: [
    ["a node's sign of life", "host/model/cluster/records.ts", "ALIVE_KEEP_MS", "ms"],
    ["silence after which it is down", "host/model/cluster/records.ts", "ALIVE_TTL_SECONDS", "s"],
    ["after which a dead node's addresses are freed", "host/model/cluster/records.ts", "DEAD_NODE_HOURS", "h"],
    ["rest of a freed address", "host/model/cluster/records.ts", "ADDRESS_REST_SECONDS", "s"],
    ["silence of probes before a peer is suspect, at least", "host/cluster/probe/detector.ts", "EVIDENCE_MS", "ms"],
    ["between probes of a suspect peer", "host/cluster/probe/detector.ts", "SUSPECT_MS", "ms"],
    ["between two comparisons of all tables with the state", "host/agent/member/upkeep.ts", "RECONCILE_MS", "ms"],
    ["a node's certificate", "host/cluster/ca.ts", "CERTIFICATE_DAYS", "days"],
    ["in which nothing new is made after `weft restore`", "host/model/cluster/records.ts", "RESTORING_SECONDS", "s"],
    ["a request to a manager, at most", "host/store/client/store.ts", "OPERATION_MS", "ms"],
    ["a request to the agent of the same host, at most", "host/api/client.ts", "OPERATION_MS_MAX", "ms"],
    ["before a container that heeds no SIGTERM is killed (`weft stop`, `--time`)", "host/cli/containers.ts", "STOP_SECONDS", "s"],
  ],
};

function shown(value: number, unit: Unit = ""): string {
  const number = (figure: number) => figure.toLocaleString("en-US", { maximumFractionDigits: 3, useGrouping: figure >= 10_000 });
  if (unit === "bytes") return value >= 2 ** 30 ? `${number(value / 2 ** 30)} GiB` : `${number(value / 2 ** 20)} MiB`;
  if (unit === "ms" && value >= 1000) return `${number(value / 1000)} s`;
  return `${number(value)} ${unit}`.trim();
}

/** The page, below its note. */
export function describeLimits(): string {
  const tables = Object.entries(GROUPS).map(([title, rows]) => {
    const lines = rows.map(
      ([what, file, name, unit, less = 0]) => `| ${what} | ${shown(constant(file, name) - less, unit)} | \`${name}\` in \`${file}\` |`,
    );
    return `## ${title}\n\n| | | from |\n| --- | ---: | --- |\n${lines.join("\n")}\n`;
  });
  return `# Limits

How many, how large, how long: bounds that a user may meet. What is past one is refused with a line that says so, or dropped and counted; nothing grows without end. Flags and keys
with their own ranges are in [cli.md](cli.md) and [config.md](config.md).

${tables.join("\n")}`;
}
