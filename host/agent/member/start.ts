// The composition root of a cluster's member: from its flags to a running agent, in an order in which each step has what it needs and forwarding
// begins as early as it can. What was done is undone in reverse; ports and containers stay for a successor. Main thread.

import type { Logger } from "pino";
import { serveApi } from "../../api/server.ts";
import { writeBackup } from "../../cluster/backup.ts";
import { systemClock } from "../../cluster/clock.ts";
import { Identity } from "../../cluster/identity.ts";
import { StateDir } from "../../cluster/state-dir.ts";
import { serveMetrics } from "../../metrics/server.ts";
import type { MemberOptions } from "../../model/cluster/start.ts";
import { StoreError } from "../../model/cluster/store.ts";
import { messageOf, OperationError } from "../../model/errors.ts";
import { pathChanges } from "../../netdev/changes.ts";
import { hostRoutes } from "../../netdev/routes.ts";
import { findUnderlay } from "../../netdev/underlay.ts";
import { connectStore } from "../../store/client/store.ts";
import { UndoStack } from "../undo.ts";
import { certify } from "./certify.ts";
import { leaveCluster } from "./leave.ts";
import { startManager } from "./manager.ts";
import { becomeMember, frontAddress, type Membership, vtepOf } from "./membership.ts";
import { openOverlay } from "./open-overlay.ts";
import { operationsOf } from "./operations.ts";
import { startUpkeep } from "./upkeep.ts";
import { startVtepWatch } from "./vtep-watch.ts";

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
    throw error instanceof StoreError ? new OperationError(error.message, { cause: error }) : error;
  }
}

async function start(options: MemberOptions, log: Logger, undo: UndoStack): Promise<Omit<RunningMember, "stop">> {
  const ended = Promise.withResolvers<string | null>();
  const membership = await enter(options, log, undo, (why) => ended.resolve(why));
  const { state, node, vtep, client, cluster } = membership;
  const { path, dataPort, prober, view, overlay, local, clock, degraded } = await openOverlay({ options, membership, log, undo });
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
    const metrics = await serveMetrics(options.metrics, path.view, prober, membership.pools);
    undo.push(() => metrics.close());
  }
  const changes = pathChanges();
  undo.push(() => changes.close());
  const host = {
    routes: hostRoutes,
    // The data path uses no more than there was at its start.
    underlayMtu: async () => Math.min(path.underlay.mtu, (await findUnderlay(vtep)).mtu),
    hostChanged: () => changes.changed(),
  };
  undo.push(startVtepWatch({ vtep, present: () => path.view.vtepPresent(), log }));
  const onRemoved = (why: string) => {
    // It has asked for it, and ends in a moment.
    if (!state.node()?.leaving) ended.resolve(why);
  };
  const stopUpkeep = startUpkeep({
    ...membership,
    ...host,
    certify: (request) => certify(options, membership, request),
    ...{ overlay, local, view, log, clock: systemClock, managerClock: clock, onRemoved },
  });
  undo.push(() => {
    const stopped = stopUpkeep();
    // Whoever waits for a manager now is told; what is owed is in the journal.
    client.close();
    return stopped;
  });
  const place = `node=${node.name} role=${node.role} cluster=${cluster.id} vtep=${vtep}:${dataPort} socket=${options.socket}`;
  return { ready: degraded === null ? `weft ready ${place}` : `weft ready (degraded: ${degraded}) ${place}`, ended: ended.promise };
}

/** Makes this host a member, with what a manager runs besides. */
async function enter(options: MemberOptions, log: Logger, undo: UndoStack, onEnd: (why: string) => void): Promise<Membership> {
  const state = StateDir.open(options.stateDir);
  undo.push(() => state.close());
  const vtep = await vtepOf(options, state);
  const node = await becomeMember(state, options, vtep, (message) =>
    log.warn({ message }, "the certificate is not valid, or this host's clock is wrong, and there is no other yet: tried again"),
  );
  const identity = new Identity(state);
  const manager = node.role === "manager" ? frontAddress(options, vtep) : null;
  const cluster = { id: node.clusterId, managers: node.managers };
  const client = connectStore({
    // A manager asks itself: it knows its store before any other does.
    endpoints: () => (manager === null ? cluster.managers : [manager]),
    tls: () => identity.tls(),
    clusterId: () => cluster.id,
  });
  undo.push(
    () => client.close(),
    identity.onChange(() => client.refresh()),
  );
  let pools: Membership["pools"] = null;
  if (manager !== null) {
    pools = await startManager({ options, state, identity, node, client, log, undo, onDeath: (error) => onEnd(messageOf(error)) });
  }
  return { state, node, vtep, identity, client, manager, pools, cluster };
}
