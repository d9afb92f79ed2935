// A member's data path and what tells it what to forward, in the order in which forwarding begins soonest: what was forwarded last, then the cluster's
// state, then what this host has of its own. Main thread.

import { join } from "node:path";
import type { Logger } from "pino";
import { ProbeThread } from "../../cluster/probe/probe-thread.ts";
import { LastPlan, readPlan } from "../../control/last-plan.ts";
import { openProbePort } from "../../control/probe-port.ts";
import { ClusterView } from "../../follow/cluster-view.ts";
import { probeMac } from "../../model/cluster/probe-mac.ts";
import type { MemberOptions } from "../../model/cluster/start.ts";
import type { StaticConfig } from "../../model/config.ts";
import { familyOf } from "../../model/ip.ts";
import { DataPath } from "../data-path.ts";
import type { UndoStack } from "../undo.ts";
import { refuseElsewhere } from "./elsewhere.ts";
import { knowCluster } from "./known-cluster.ts";
import { KnownNodes } from "./known-nodes.ts";
import { LocalEndpoints } from "./local-endpoints.ts";
import { ManagerClock } from "./manager-clock.ts";
import type { Membership } from "./membership.ts";
import { Overlay } from "./overlay.ts";
import { PROBE_NETWORK } from "./probe-network.ts";
import { NODES_FILE, PLAN_FILE, PORTS_FILE } from "./state-files.ts";

/** Entries of all networks together: 100,000 endpoints with two addresses each, and room. */
const FDB_CAPACITY = 262_144;
/** How long the cluster's state is waited for before what was known last is gone on with. */
const SYNC_MS = 10_000;

export interface OpenOverlay {
  path: DataPath;
  /** UDP port of VXLAN. */
  dataPort: number;
  prober: ProbeThread;
  view: ClusterView;
  overlay: Overlay;
  local: LocalEndpoints;
  clock: ManagerClock;
  /** Why it goes by what was known last; null when it does not. */
  degraded: string | null;
}

interface Parts {
  options: MemberOptions;
  membership: Membership;
  log: Logger;
  undo: UndoStack;
}

/** Resolves when frames flow. Rejects with OperationError or SysError. */
export async function openOverlay({ options, membership, log, undo }: Parts): Promise<OpenOverlay> {
  const { state, node, vtep, client } = membership;
  const { view, lastPlan, knownNodes } = recall(node.id, state.path, log);
  const elsewhere = refuseElsewhere(client, { id: node.id, vtep, stateDir: state.path });
  elsewhere.catch(() => {}); // awaited below, if nothing else fails before
  const [{ known, degraded: unconfirmed }] = await Promise.all([
    knowCluster(client, state.path),
    // Where it was when it last heard of the cluster, it forwards before anybody has answered.
    view.nodes.own()?.vtep === vtep ? null : elsewhere,
  ]);
  const { dataPort } = known.record;
  const path = await DataPath.open(configOf(options, { name: node.name, vtep, dataPort }), join(state.path, PORTS_FILE), log);
  undo.push(() => path.stop((forwarding) => forwarding.release()));
  undo.push(() => lastPlan.stop());
  const probePort = openProbePort();
  undo.push(() => probePort.close());
  const prober = new ProbeThread({
    hostFd: probePort.hostFd,
    nodeId: node.id,
    incarnation: node.incarnation,
    family: familyOf(vtep),
    mtu: path.forwarding.vteps.mtu,
    key: Buffer.from(known.probe.key, "base64"),
    onPathMtu: (peer, outerBytes) => path.pathMtus.limit(peer, outerBytes),
    onDeath: (message, pauseMs) => log.error({ message, pauseMs }, "the thread that probes other nodes ended: it is started again"),
  });
  undo.push(() => prober.stop());
  const clock = new ManagerClock();
  const overlay = new Overlay({ view, forwarding: path.forwarding, prober, clock, lastPlan, knownNodes, log });
  const local = new LocalEndpoints({ state, client, view, overlay, log });
  local.resume();
  await overlay.begin();
  const probing = await path.forwarding.attachFd(PROBE_NETWORK, { fd: probePort.fd, mac: probeMac(node.id) });
  await path.start();
  // The workers let go of the probes' descriptor before it is closed.
  undo.push(
    () => probing.detach(),
    () => local.stop(),
  );
  prober.start();
  const [degraded] = await Promise.all([unconfirmed, elsewhere]);
  const synced = await local.follow(degraded === null ? SYNC_MS : 0);
  await local.recover();
  const why = degraded ?? (synced ? null : "the cluster's state has not been heard of yet");
  return { path, dataPort, prober, view, overlay, local, clock, degraded: why };
}

/** What was forwarded last and the nodes there were, as far as they are known, and where both are kept from now on. */
function recall(nodeId: string, stateDir: string, log: Logger): { view: ClusterView; lastPlan: LastPlan; knownNodes: KnownNodes } {
  const file = join(stateDir, PLAN_FILE);
  const plan = readPlan(file);
  if (typeof plan === "string") log.info({ why: plan }, "no last plan");
  const view = new ClusterView(nodeId, typeof plan === "string" ? new Map() : plan);
  const knownNodes = new KnownNodes(join(stateDir, NODES_FILE), (why) => log.error({ why }, "the nodes could not be kept"));
  view.setNodes(knownNodes.read());
  return { view, lastPlan: new LastPlan(file, (why) => log.error({ why }, "the last plan could not be kept")), knownNodes };
}

function configOf({ workers, injection, metrics, socket }: MemberOptions, node: StaticConfig["node"]): StaticConfig {
  return {
    node,
    workers,
    backend: "native",
    injection,
    zeroChecksum6: false,
    pinWorkers: true,
    spin: 0,
    metrics,
    socket,
    fdbCapacity: FDB_CAPACITY,
    networks: [],
  };
}
