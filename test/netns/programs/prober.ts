// An agent that also probes: startAgent as bin/weft has it, the network of probes beside the file's networks, a prober on its port. Arguments: the
// configuration file, and who takes part as JSON. Each line of standard input is answered with what the prober knows, as a line of JSON; with a number of
// milliseconds behind it, the main thread does nothing at all for so long before. Ends with its standard input, in order.

import { createInterface } from "node:readline";
import pino from "pino";
import { startAgent } from "../../../host/agent/start.ts";
import { ProbeThread } from "../../../host/cluster/probe/probe-thread.ts";
import { readConfigFile } from "../../../host/config/read.ts";
import { desiredOf } from "../../../host/control/desired.ts";
import { PathMtus } from "../../../host/control/path-mtu.ts";
import { openProbePort } from "../../../host/control/probe-port.ts";
import type { PeerResource } from "../../../host/model/cluster/answers.ts";
import { probeMac } from "../../../host/model/cluster/probe-mac.ts";
import { PROBE_VNI } from "../../../host/model/cluster/records.ts";
import { familyOf } from "../../../host/model/ip.ts";
import type { PeerProbes } from "../../../host/model/view.ts";

/** The second argument. */
export interface ProberArgument {
  nodeId: string;
  others: { nodeId: string; name: string; vtep: string }[];
  /** Hex. */
  key: string;
}

/** One answer. */
export interface ProberState {
  peers: PeerResource[];
  probes: PeerProbes[];
  refused: { reason: string; frames: number }[];
  /** VTEPs that were suspect after each change, since start. */
  changes: string[][];
}

const NETWORK = "probes";
const { config } = readConfigFile(process.argv[2]);
const { nodeId, others, key } = JSON.parse(process.argv[3]) as ProberArgument;
const { plane, forwarding, stop } = await startAgent(config, pino({ base: undefined }, pino.destination(2)));
const peers = others.map((other) => ({ ...other, mac: probeMac(other.nodeId) }));
const desired = desiredOf(config);
desired.set(NETWORK, {
  settings: {
    name: NETWORK,
    vni: PROBE_VNI,
    mtu: null,
    learning: false,
    allowUnlistedSources: false,
    ignoreReservedBits: false,
    allowVlanTags: false,
    probes: true,
    tos: "inherit",
    ttl: 64,
    ageingSeconds: 300,
  },
  peers: new Set(),
  fdb: new Map(peers.map(({ mac, vtep }) => [mac, vtep])),
  neighbors: new Map(),
  ports: new Map(),
});
const { failures } = await forwarding.apply(desired, "all");
if (failures.length > 0) throw new Error(failures.join("; "));
const port = openProbePort();
const attached = await forwarding.attachFd(NETWORK, { fd: port.fd, mac: probeMac(nodeId) });
const { vtep: own, dataPort } = config.node;
const mtus = new PathMtus({ plane, vteps: forwarding.vteps, own, dataPort, onPathMtu: () => {} });
const prober = new ProbeThread({
  hostFd: port.hostFd,
  nodeId,
  incarnation: 1,
  family: familyOf(own),
  mtu: forwarding.vteps.mtu,
  key: Buffer.from(key, "hex"),
  onPathMtu: (vtep, outerBytes) => mtus.limit(vtep, outerBytes),
  onDeath: (why) => console.error(`the probing thread ended: ${why}`),
});
const changes: string[][] = [];
prober.onChange((suspected) => {
  forwarding.suspend(suspected);
  changes.push([...suspected]);
});
prober.setPeers(peers);
prober.start();
console.log("prober ready");

for await (const line of createInterface({ input: process.stdin })) {
  const [id, blockMs] = line.split(" ");
  if (blockMs !== undefined) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(blockMs));
  const state: ProberState = { peers: prober.peers(), probes: prober.probes(), refused: prober.refused(), changes };
  console.log(`${id} ${JSON.stringify(state)}`);
}
await prober.stop();
mtus.stop();
await attached.detach();
port.close();
await stop();
