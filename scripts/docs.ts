// Writes the pages of docs/ that are made from the sources, so that they cannot go stale:
//
//   node scripts/docs.ts            writes them
//   node scripts/docs.ts --check    writes nothing; says which are not current, and fails
//
// test/style/docs.test.ts runs the check.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { measureAll } from "../bench/scaling/measure.ts";
import { withBlock } from "../bench/scaling/page.ts";
import { describeProgram } from "../host/cli/program.ts";
import { describeConfig } from "../host/config/describe.ts";
import { ROLES } from "../host/manager/roles.ts";
import { exposition } from "../host/metrics/exposition.ts";
import { OWN_RECORD_BYTES_MAX } from "../host/model/cluster/own-records.ts";
import { REASON_LIST } from "../host/model/reason.ts";
import { CALLS_AT_ONCE, LEASES_MAX, OPERATIONS_AT_ONCE, STREAMS_MAX, WRITES_AT_ONCE, WRITES_PER_SECOND } from "../host/store/allowance.ts";
import { WORKER_OPERATIONS_MAX, WORKER_RANGE_MAX } from "../host/store/judge.ts";
import { CALL_RIGHTS, KEY_RIGHTS } from "../host/store/rights.ts";
import {
  STRANGER_CALLS_MAX,
  STRANGER_MS_MAX,
  STRANGERS_BYTES_MAX,
  STRANGERS_MAX,
  WORKER_BYTES_AT_ONCE,
  WORKER_BYTES_PER_SECOND,
  WORKER_CONNECTIONS_MAX,
  WORKER_HELD_BYTES_MAX,
} from "../host/store/serve/guests.ts";
import { STREAM_REQUEST_BYTES_MAX } from "../host/store/serve/requests.ts";
import { nothingAround } from "../test/unit/cli/weft.ts";
import { samplePools, sampleProbes, sampleView } from "../test/unit/view.ts";
import { describeLimits } from "./limits.ts";
import { root } from "./sources.ts";

const MIB = 1024 ** 2;
const NOTE = "<!-- Made by scripts/docs.ts (npm run docs). Edit the sources that it names, not this page. -->";

function reasons(): string {
  return `${NOTE}
# Drop reasons

Every frame that weft does not deliver, send or answer is counted with one of these reasons: in \`weft_dropped_frames_total{reason="…"}\`
and in the packet core, where the reason is its number. Names that Linux has for the same thing are Linux's
(\`include/net/dropreason-core.h\`). From \`assembly/abi/reason.ts\` and \`host/model/reason.ts\`.

| number | reason | what it means, and where to look |
| ---: | --- | --- |
${REASON_LIST.map(({ number, label, text }) => `| ${number} | \`${label}\` | ${text.replaceAll("|", "\\|")} |`).join("\n")}
`;
}

/** Metrics as a scrape of a small agent shows them: name, type, labels and help are what Prometheus reads. */
async function metrics(): Promise<string> {
  const text = await exposition(sampleView(), sampleProbes(), samplePools()).text();
  const rows = [...text.matchAll(/^# HELP (weft_\S+) (.*)\n# TYPE \S+ (\S+)\n(.*)$/gm)].map(([, name, help, type, sample]) => {
    const labels = [...(/\{(.*)\}/.exec(sample)?.[1] ?? "").matchAll(/(\w+)="/g)]
      .map(([, label]) => label)
      .filter((label) => label !== "le");
    return `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(", ")} | ${help.replaceAll("|", "\\|")} |`;
  });
  return `${NOTE}
# Metrics

Served at \`http://HOST:PORT/metrics\` in Prometheus' text format: HOST:PORT is \`--metrics\` of \`weft up\` and \`weft join\`, or \`metrics:\` in the file of \`weft agent\`. Units are in the names; every label is
bounded by the configuration, the number of workers and, in a cluster, the number of nodes and, on managers, of subnets. Besides these there are prom-client's \`process_…\` and \`nodejs_…\` metrics of the agent itself. From
\`host/metrics\`.

The unit of frames is the frame on the wire: a superframe counts its segments. At rest, for every network and worker:

\`\`\`
weft_frames_total{direction="received_port"} + weft_frames_total{direction="received_underlay"}
    + weft_generated_frames_total + weft_copied_frames_total
  = weft_frames_total{direction="delivered"} + weft_frames_total{direction="sent"}
    + weft_answered_frames_total + the sum of weft_dropped_frames_total over reason
\`\`\`

Frames that belong to no network (an unknown VNI) have \`network=""\`. What the kernel drops before weft sees it stands apart: \`weft_socket_dropped_datagrams_total\`,
\`weft_port_dropped_frames_total\`, and \`UdpInCsumErrors\` of the node exporter.

| metric | type | labels | meaning |
| --- | --- | --- | --- |
${rows.join("\n")}

To scrape: [prometheus.yml](../deploy/prometheus.yml); alerts: [weft.rules.yml](../deploy/weft.rules.yml).
`;
}

/** What workers may do; managers may do everything. */
function clusterRights(): string {
  const words = { all: "all", own: "its own", none: "" };
  const keys = KEY_RIGHTS.map(
    ({ keys, one, read, write, why }) => `| \`${keys}${one ? "" : "…"}\` | ${words[read]} | ${words[write]} | ${why} |`,
  );
  const calls = Object.values(CALL_RIGHTS).map(({ call, may, why }) => `| \`${call}\` | ${may === "all" ? "yes" : words[may]} | ${why} |`);
  const operations = Object.entries(ROLES).map(([name, roles]) => `| \`${name}\` | ${roles.includes("worker") ? "yes" : ""} |`);
  return `${NOTE}
# Who may do what

Every call to a manager's front (port 2377) is judged by the certificate that it comes with: its CN is the node's id, its OU the role. Only \`Join/Ask\` needs none: it has the
token. A *manager* may do everything: it has the store's credentials and the CA's key anyway. What a *worker* may do is below; what is empty it may not. A range or a watch
must lie within one row; every compare and every operation of a transaction is judged by itself, however deep it is. A node that was removed may do nothing. From
\`host/store/rights.ts\` and \`host/manager/roles.ts\`; \`test/contract/store/authorised.test.ts\` tries every cell.

## Keys

| keys | worker reads | worker writes | why |
| --- | --- | --- | --- |
${keys.join("\n")}
| any other | | | what a later version adds is a manager's until a row here says otherwise |

## Other calls of etcd's API

| call | worker may | why |
| --- | --- | --- |
${calls.join("\n")}

## How much of it

A host that was broken into keeps its certificate until \`weft node rm\`: what it asks for shall cost the others little. Of one worker, a front runs ${CALLS_AT_ONCE} calls of the store and
${OPERATIONS_AT_ONCE} operations at a time; more wait. It has ${STREAMS_MAX} streams, ${LEASES_MAX} leases (past that its oldest ends), and ${WRITES_PER_SECOND} changes of its own records a second (${WRITES_AT_ONCE} at once). A range of its is one page of
at most ${WORKER_RANGE_MAX} keys in their order; its transactions have ${WORKER_OPERATIONS_MAX} operations at most and read single keys. What it says of itself (\`alive\`, \`report\`) must be such a record, of ${OWN_RECORD_BYTES_MAX} bytes at most:
managers and agents read those of all nodes.

What a worker *may* do, a worker that was broken into does: it reads all that is marked above, the probe secret among it (so it can speak for any node in probes), makes and removes
networks, fills subnets with endpoints of its own, names routes in its report that keep others from making networks there (the complaint names the node), and sends what it likes from its
own VTEP. It cannot take a name, VTEP, address or MAC that another has, end another's endpoint or lease, or make anybody a member.

## At the door

A connection to the port is a stranger's until a member calls by it. There are ${STRANGERS_MAX} of those at a time (one more, and the longest there is cut), for ${STRANGER_MS_MAX / 1000} s each, with ${STRANGER_CALLS_MAX} calls each and
${STRANGERS_BYTES_MAX / MIB} MiB together: whoever has neither certificate nor token can keep hosts from joining, and makes members that come back wait for some seconds; those that are connected he
does not reach. A worker has ${WORKER_CONNECTIONS_MAX} connections, and may send
${WORKER_BYTES_PER_SECOND / MIB} MiB a second by them (${WORKER_BYTES_AT_ONCE / MIB} at once). Of its requests ${WORKER_HELD_BYTES_MAX / MIB} MiB may be under way, half sent or not answered yet; a message on a stream has ${STREAM_REQUEST_BYTES_MAX} bytes at most. Past that its connections are cut.

## What none of this keeps out

UDP port 4789 has no secrets. Frames are taken only from VTEPs of members, and those that bear the MAC address of an endpoint elsewhere are dropped (\`vxlan_entry_exists\`, \`local_mac\`); but whoever
can send with a member's address on the underlay can put frames into networks, and read what he sees there: keep strangers off it, or encrypt it (IPsec, WireGuard). Probes are signed (HMAC-SHA256) with
a secret that all members have. One that is sent again is answered as any request is (50 a second for a peer), or is no answer to anything; more than 10,000 frames a second on the VNI of probes from
members' addresses keep a host from hearing others, so that it and they take each other for suspect as long as that lasts. A container may send with an IP address that is not its own.

## Operations (\`weft.v1.Control/Do\`)

| operation | worker may ask |
| --- | --- |
${operations.join("\n")}
`;
}

const pages: Record<string, () => string | Promise<string>> = {
  "docs/reasons.md": reasons,
  "docs/config.md": () => `${NOTE}\n${describeConfig().trimEnd()}\n`,
  "docs/cli.md": () => `${NOTE}\n${describeProgram(nothingAround())}`,
  "docs/metrics.md": metrics,
  "docs/limits.md": () => `${NOTE}\n${describeLimits()}`,
  "docs/cluster-rights.md": clusterRights,
  // Only its tables, which are counted from build/core.wasm.
  "docs/scaling.md": () => withBlock(readFileSync(join(root, "docs/scaling.md"), "utf8"), measureAll()),
};
const check = process.argv.includes("--check");
for (const [path, make] of Object.entries(pages)) {
  const text = await make();
  const file = join(root, path);
  if (existsSync(file) && readFileSync(file, "utf8") === text) continue;
  if (check) {
    console.error(`${path} is not what its sources say: run npm run docs`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, text);
    console.log(`wrote ${path}`);
  }
}
