// The composition root of static mode: joins the rooms into a running agent. What is created is undone in reverse order, by stop() or when
// the start fails half-way. Main thread.

import type { Logger } from "pino";
import { serveApi } from "../api/server.ts";
import { DataPlane } from "../control/dataplane.ts";
import { desiredOf } from "../control/desired.ts";
import { Forwarding } from "../control/forwarding.ts";
import { Injection } from "../control/injection.ts";
import { Learning } from "../control/learning.ts";
import { PathMtus } from "../control/path-mtu.ts";
import type { OwnPort } from "../control/port.ts";
import { type PortPlace, recordPath } from "../control/port-record.ts";
import type { PortEvent } from "../control/ports.ts";
import { View } from "../control/view.ts";
import { serveMetrics } from "../metrics/server.ts";
import type { StaticConfig } from "../model/config.ts";
import { messageOf, OperationError } from "../model/errors.ts";
import { findUnderlay } from "../netdev/underlay.ts";

type Undo = () => void | Promise<void>;

export interface RunningAgent {
  plane: DataPlane;
  forwarding: Forwarding;
  /** Removes everything that was made. */
  stop(): Promise<void>;
}

/** Starts an agent in this process and network namespace. Rejects with OperationError or SysError, having removed what it made. */
export async function startAgent(config: StaticConfig, log: Logger): Promise<RunningAgent> {
  const undo: Undo[] = [];
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= undoAll(undo);
    return stopping;
  };
  try {
    return { ...(await start(config, log, undo)), stop };
  } catch (error) {
    // Why it could not start is what the caller asked for.
    await stop().catch((later) => log.error({ message: messageOf(later) }, "what was made could not be removed"));
    throw error;
  }
}

/** Last first. Goes on after an error, and rejects with the first. */
async function undoAll(undo: Undo[]): Promise<void> {
  const errors: unknown[] = [];
  for (let step = undo.pop(); step; step = undo.pop()) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

async function start(config: StaticConfig, log: Logger, undo: Undo[]): Promise<Omit<RunningAgent, "stop">> {
  const underlay = await findUnderlay(config.node.vtep);
  const plane = new DataPlane(config, ({ worker, message }) => log.error({ worker, message }, "the worker ended and is replaced"));
  undo.push(() => plane.close());
  const forwarding = new Forwarding({
    plane,
    node: config.node,
    underlayMtu: underlay.mtu,
    fdbCapacity: config.fdbCapacity,
    record: recordPath(config.socket),
    log: (port, event, detail) => tellPort(log, port, event, detail),
    onLeftover: (place, why) => tellLeftover(log, place, why),
  });
  const view = new View(config, plane, forwarding);

  const api = await serveApi(config.socket, view);
  undo.push(() => api.close());
  if (config.metrics) {
    const metrics = await serveMetrics(config.metrics, view);
    undo.push(() => metrics.close());
  }

  // Undone in reverse: first nobody asks for changes any more, then the workers stop, then the ports are closed and removed.
  let which: "made" | "all" = "made";
  undo.push(() => forwarding.remove(which));
  const { failures } = await forwarding.apply(desiredOf(config), "all");
  if (failures.length > 0) throw new OperationError(failures[0]);
  which = "all";

  const { vteps, networks, ports } = forwarding;
  const pathMtus = new PathMtus({
    plane,
    vteps,
    own: config.node.vtep,
    dataPort: config.node.dataPort,
    onPathMtu: (vtep, mtu) => tellPathMtu(log, vtep, mtu, vteps.mtu),
  });
  const learning = new Learning({ plane, forwarding, pathMtus });
  const injection = new Injection({
    plane,
    vteps,
    own: config.node.vtep,
    device: underlay.interface,
    mode: config.injection,
    pathMtus,
    onUnavailable: (why) => log.info({ why }, "superframes go by the sockets: injection is not to be had"),
  });
  await plane.start();
  learning.start();
  undo.push(() => injection.stop());
  await injection.start();
  forwarding.watch();
  undo.push(
    () => pathMtus.stop(),
    () => learning.stop(),
  );
  const counts = { networks: networks.all.length, ports: ports.all.length };
  log.info({ underlay, workers: config.workers, backend: config.backend, ...counts }, "ready");
  return { plane, forwarding };
}

function tellPort(log: Logger, { config, network }: OwnPort, event: PortEvent, detail: string | undefined): void {
  const place = { netns: config.netns, interface: config.interface, network: network.name, detail };
  log[event === "failed" ? "error" : event === "lost" ? "warn" : "info"](place, `port ${event}`);
}

/** One that cannot be removed: its namespace is gone, and the interface with it; or the interface is somebody else's now. */
function tellLeftover(log: Logger, place: PortPlace, why: string | undefined): void {
  if (why === undefined) log.info(place, "removed what an earlier agent left");
  else log.info({ ...place, message: why }, "nothing to remove of what an earlier agent left");
}

function tellPathMtu(log: Logger, vtep: string, mtu: number, full: number): void {
  if (mtu < full) log.warn({ vtep, mtu }, "the path carries less: inner MTU lowered");
  else log.info({ vtep, mtu }, "the path carries the full size again: inner MTU raised");
}
