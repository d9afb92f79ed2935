// The composition root of static mode: joins the rooms into a running agent. What is created is undone in reverse order, by stop() or when
// the start fails half-way. Main thread.

import type { Logger } from "pino";
import { serveApi } from "../api/server.ts";
import { DataPlane } from "../control/dataplane.ts";
import { Injection } from "../control/injection.ts";
import { Learning } from "../control/learning.ts";
import { Vteps, writeNetworks } from "../control/networks.ts";
import { PathMtus } from "../control/path-mtu.ts";
import { type PortPlace, readRecord, recordPath, removeRecord, writeRecord } from "../control/port-record.ts";
import { type Port, Ports } from "../control/ports.ts";
import { View } from "../control/view.ts";
import { serveMetrics } from "../metrics/server.ts";
import type { StaticConfig } from "../model/config.ts";
import { messageOf } from "../model/errors.ts";
import { removePort } from "../netdev/port.ts";
import { findUnderlay } from "../netdev/underlay.ts";

type Undo = () => void | Promise<void>;

export interface RunningAgent {
  plane: DataPlane;
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
    return { plane: await start(config, log, undo), stop };
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

async function start(config: StaticConfig, log: Logger, undo: Undo[]): Promise<DataPlane> {
  const underlay = await findUnderlay(config.node.vtep);
  const plane = new DataPlane(config, ({ worker, message }) => log.error({ worker, message }, "the worker ended and is replaced"));
  undo.push(() => plane.close());
  const vteps = new Vteps(plane.entries, plane.tables, config.node.dataPort, underlay.mtu, config.node.vtep);
  const networks = writeNetworks(config, plane.entries, plane.tables, vteps);
  const ports = new Ports(plane, networks, config.node.name, (port, event, detail) => {
    const place = { netns: port.config.netns, interface: port.config.interface, network: port.network.config.name, detail };
    log[event === "failed" ? "error" : event === "lost" ? "warn" : "info"](place, `port ${event}`);
  });
  const view = new View(config, plane, networks, vteps, ports);

  const api = await serveApi(config.socket, view);
  undo.push(() => api.close());
  if (config.metrics) {
    const metrics = await serveMetrics(config.metrics, view);
    undo.push(() => metrics.close());
  }

  const record = recordPath(config.socket);
  await clearLeftovers(readRecord(record), ports, log);
  writeRecord(record, ports.all.map(placeOf));
  undo.push(() => {
    const remaining = ports.all.filter(({ exists }) => exists).map(placeOf);
    if (remaining.length > 0) writeRecord(record, remaining);
    else removeRecord(record);
  });
  await ports.open();
  // Undone in reverse: first nobody asks for changes any more, then the workers stop, then the ports' descriptors are closed.
  undo.push(
    () => ports.remove(),
    () => plane.stopWorkers(),
    () => ports.unwatch(),
  );

  const pathMtus = new PathMtus({
    plane,
    vteps,
    own: config.node.vtep,
    dataPort: config.node.dataPort,
    onPathMtu: (vtep, mtu) => tellPathMtu(log, vtep, mtu, vteps.mtu),
  });
  const learning = new Learning({
    plane,
    networks,
    vteps,
    pathMtus,
    onPortGone: (port) => void ports.gone(port).catch((error) => log.error({ message: messageOf(error) }, "port could not be closed")),
  });
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
  ports.watch();
  undo.push(
    () => pathMtus.stop(),
    () => learning.stop(),
  );
  log.info({ underlay, workers: config.workers, backend: config.backend, networks: networks.length, ports: ports.all.length }, "ready");
  return plane;
}

function tellPathMtu(log: Logger, vtep: string, mtu: number, full: number): void {
  if (mtu < full) log.warn({ vtep, mtu }, "the path carries less: inner MTU lowered");
  else log.info({ vtep, mtu }, "the path carries the full size again: inner MTU raised");
}

/** Removes the ports that a killed agent made and that this configuration does not have; marks those that it has. */
async function clearLeftovers(recorded: readonly PortPlace[], ports: Ports, log: Logger): Promise<void> {
  for (const left of recorded) {
    const wanted = ports.all.find((port) => port.netnsPath === left.netnsPath && port.config.interface === left.interface);
    if (wanted) {
      wanted.exists = true;
      continue;
    }
    try {
      await removePort(left);
      log.info(left, "removed what an earlier agent left");
    } catch (error) {
      // Its namespace is gone, and the interface with it; or the interface is somebody else's now.
      log.info({ ...left, message: messageOf(error) }, "nothing to remove of what an earlier agent left");
    }
  }
}

function placeOf({ netnsPath, config }: Port): PortPlace {
  return { netnsPath, interface: config.interface };
}
