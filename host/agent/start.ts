// The composition root of static mode: joins the rooms into a running agent. What is created is undone in reverse order, by stop() or when
// the start fails half-way. Main thread.

import type { Logger } from "pino";
import { serveApi } from "../api/server.ts";
import type { DataPlane } from "../control/dataplane.ts";
import { desiredOf } from "../control/desired.ts";
import type { Forwarding } from "../control/forwarding.ts";
import { recordPath } from "../control/port-record.ts";
import { serveMetrics } from "../metrics/server.ts";
import type { StaticConfig } from "../model/config.ts";
import { messageOf, OperationError } from "../model/errors.ts";
import { DataPath } from "./data-path.ts";
import { UndoStack } from "./undo.ts";

export interface RunningAgent {
  plane: DataPlane;
  forwarding: Forwarding;
  /** Removes everything that was made. */
  stop(): Promise<void>;
}

/** Starts an agent in this process and network namespace. Rejects with OperationError or SysError, having removed what it made. */
export async function startAgent(config: StaticConfig, log: Logger): Promise<RunningAgent> {
  const undo = new UndoStack();
  try {
    return { ...(await start(config, log, undo)), stop: () => undo.undo() };
  } catch (error) {
    // Why it could not start is what the caller asked for.
    await undo.undo().catch((later) => log.error({ message: messageOf(later) }, "what was made could not be removed"));
    throw error;
  }
}

async function start(config: StaticConfig, log: Logger, undo: UndoStack): Promise<Omit<RunningAgent, "stop">> {
  const path = await DataPath.open(config, recordPath(config.socket), log, "node.vtep");
  const { plane, forwarding, underlay, view } = path;
  // What was there before this agent goes only once everything of the file is there.
  let which: "none" | "made" | "all" = "none";
  undo.push(() => path.stop(() => (which === "none" ? forwarding.release() : forwarding.remove(which))));
  const api = await serveApi(config.socket, view);
  undo.push(() => api.close());
  if (config.metrics) {
    const metrics = await serveMetrics(config.metrics, view);
    undo.push(() => metrics.close());
  }
  which = "made";
  const { failures } = await forwarding.apply(desiredOf(config), "all");
  if (failures.length > 0) throw new OperationError(failures[0]);
  which = "all";
  await path.start();
  const counts = { networks: forwarding.networks.all.length, ports: forwarding.ports.all.length };
  log.info({ underlay, workers: config.workers, backend: config.backend, ...counts }, "ready");
  return { plane, forwarding };
}
