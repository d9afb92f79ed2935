// The composition root of a cluster's member: from its flags to a running agent, in an order in which each step has what it needs and forwarding
// begins as early as it can. What was done is undone in reverse; ports and containers stay for a successor. Main thread.

import { join } from "node:path";
import type { Logger } from "pino";
import { serveApi } from "../../api/server.ts";
import { writeBackup } from "../../cluster/backup.ts";
import { systemClock } from "../../cluster/clock.ts";
import { Identity } from "../../cluster/identity.ts";
import { Prober } from "../../cluster/probe/prober.ts";
import { StateDir } from "../../cluster/state-dir.ts";
import { LastPlan, readPlan } from "../../control/last-plan.ts";
import { openProbePort } from "../../control/probe-port.ts";
import { ClusterView } from "../../follow/cluster-view.ts";
import { serveMetrics } from "../../metrics/server.ts";
import { probeMac } from "../../model/cluster/probe-mac.ts";
import type { MemberOptions } from "../../model/cluster/start.ts";
import type { StaticConfig } from "../../model/config.ts";
import { messageOf, type OperationError } from "../../model/errors.ts";
import { familyOf } from "../../model/ip.ts";
import { connectStore } from "../../store/client/store.ts";
import { DataPath } from "../data-path.ts";
import { UndoStack } from "../undo.ts";
import { knowCluster } from "./known-cluster.ts";
import { leaveCluster } from "./leave.ts";
import { LocalEndpoints } from "./local-endpoints.ts";
import { startManager } from "./manager.ts";
import { ManagerClock } from "./manager-clock.ts";
import { becomeMember, frontAddress, vtepOf } from "./membership.ts";
import { operationsOf } from "./operations.ts";
import { Overlay } from "./overlay.ts";
import { PROBE_NETWORK } from "./probe-network.ts";
import { PLAN_FILE, PORTS_FILE } from "./state-files.ts";
import { startUpkeep } from "./upkeep.ts";

/** Entries of all networks together: 100,000 endpoints with two addresses each, and room. */
const FDB_CAPACITY = 262_144;
/** How long the cluster's state is waited for before what was known last is gone on with. */
const SYNC_MS = 10_000;

export interface RunningMember {
  /** `weft ready …`. */
  ready: string;
  /** Settles when this host is no member any more, or cannot be: with the reason, or without one when it was asked to leave. */
  ended: Promise<string | null>;
  /** Ends everything but ports and containers, which are left for a successor. */
  stop(): Promise<void>;
}

/** Rejects with UsageError, OperationError or SysError, with everything undone. */
export async function startMember(options: MemberOptions, log: Logger): Promise<RunningMember> {
  const undo = new UndoStack();
  try {
    return { ...(await start(options, log, undo)), stop: () => undo.undo() };
  } catch (error) {
    await undo.undo().catch((later) => log.error({ message: messageOf(later) }, "what was begun could not be ended"));
    throw error;
  }
}

async function start(options: MemberOptions, log: Logger, undo: UndoStack): Promise<Omit<RunningMember, "stop">> {
  const ended = Promise.withResolvers<string | null>();
  const state = StateDir.open(options.stateDir);
  undo.push(() => state.close());
  const vtep = await vtepOf(options, state);
  const node = await becomeMember(state, options, vtep);
  const identity = new Identity(state);
  const own = node.role === "manager" ? frontAddress(options, vtep) : null;
  // A manager asks itself: it knows its store before any other does.
  const cluster = { id: node.clusterId, managers: node.managers };
  const client = connectStore({
    endpoints: () => (own === null ? cluster.managers : [own]),
    tls: () => identity.tls(),
    clusterId: () => cluster.id,
  });
  undo.push(
    () => client.close(),
    identity.onChange(() => client.refresh()),
  );
  if (node.role === "manager") {
    const onDeath = (error: OperationError) => ended.resolve(messageOf(error));
    const manager = await startManager({ options, state, identity, node, client, log, onDeath });
    undo.push(() => manager.close());
  }
  const { known, degraded } = await knowCluster(client, state.path);

  const config = configOf(options, { name: node.name, vtep, dataPort: known.record.dataPort });
  const path = await DataPath.open(config, join(state.path, PORTS_FILE), log);
  undo.push(() => path.stop((forwarding) => forwarding.release()));
  const { view, lastPlan } = recall(node.id, join(state.path, PLAN_FILE), log);
  undo.push(() => lastPlan.stop());
  const clock = new ManagerClock();
  const probePort = await openProbePort();
  undo.push(() => probePort.close());
  const prober = new Prober({
    port: probePort,
    nodeId: node.id,
    incarnation: node.incarnation,
    family: familyOf(vtep),
    mtu: path.forwarding.vteps.mtu,
    key: Buffer.from(known.probe.key, "base64"),
    onPathMtu: (peer, outerBytes) => log.info({ peer, outerBytes }, "the path to a peer carries packets of so many bytes"),
  });
  const overlay = new Overlay({ view, forwarding: path.forwarding, prober, clock, lastPlan, log });
  const local = new LocalEndpoints({ state, client, view, overlay, log });
  local.resume();
  await overlay.begin();
  await path.forwarding.attachFd(PROBE_NETWORK, { fd: probePort.fd, mac: probeMac(node.id) });
  await path.start();
  undo.push(() => prober.stop());
  prober.start();
  undo.push(() => local.stop());
  const synced = await local.follow(degraded === null ? SYNC_MS : 0);
  await local.recover();

  const operations = operationsOf({
    client,
    containers: local.containers,
    connecting: local.connecting,
    prober,
    view,
    leave: async (input) => {
      await leaveCluster({ input, client, local, state, log });
      ended.resolve(null);
      return {};
    },
    backup: async ({ file }) => ({ bytes: await writeBackup(client, state, file, Date.now()) }),
  });
  const api = await serveApi(options.socket, path.view, operations);
  undo.push(() => api.close());
  if (options.metrics) {
    const metrics = await serveMetrics(options.metrics, path.view);
    undo.push(() => metrics.close());
  }
  const parts = { client, identity, state, node, vtep, manager: own, cluster, underlay: path.underlay, overlay, local, view, log };
  undo.push(startUpkeep({ ...parts, clock: systemClock, managerClock: clock, onRemoved: (why) => ended.resolve(why) }));
  const place = `node=${node.name} role=${node.role} cluster=${cluster.id} vtep=${vtep}:${config.node.dataPort} socket=${options.socket}`;
  const why = degraded ?? (synced ? null : "the cluster's state has not been heard of yet");
  return { ready: why === null ? `weft ready ${place}` : `weft ready (degraded: ${why}) ${place}`, ended: ended.promise };
}

/** What was forwarded last, as far as it is known, and where what is forwarded from now on is kept. */
function recall(nodeId: string, file: string, log: Logger): { view: ClusterView; lastPlan: LastPlan } {
  const plan = readPlan(file);
  if (typeof plan === "string") log.info({ why: plan }, "no last plan");
  return {
    view: new ClusterView(nodeId, typeof plan === "string" ? new Map() : plan),
    lastPlan: new LastPlan(file, (why) => log.error({ why }, "the last plan could not be kept")),
  };
}

function configOf({ workers, metrics, socket }: MemberOptions, node: StaticConfig["node"]): StaticConfig {
  return {
    node,
    workers,
    backend: "native",
    injection: "auto",
    zeroChecksum6: false,
    pinWorkers: true,
    spin: 0,
    metrics,
    socket,
    fdbCapacity: FDB_CAPACITY,
    networks: [],
  };
}
