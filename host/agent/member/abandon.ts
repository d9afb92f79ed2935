// `weft leave --force` on a host whose agent does not run, and perhaps cannot any more since its node was removed: what the state directory says that an agent
// has made here is removed, and then all that it knew of the cluster. No manager is asked. Main thread.

import { existsSync } from "node:fs";
import { join } from "node:path";
import pino, { type Logger } from "pino";
import { StateDir } from "../../cluster/state-dir.ts";
import { type PortPlace, readRecord } from "../../control/port-record.ts";
import type { AbandonOptions } from "../../model/cluster/start.ts";
import { messageOf, OperationError } from "../../model/errors.ts";
import { removePort } from "../../netdev/port.ts";
import { Containers } from "../../sandbox/containers.ts";
import { CONTAINERS, PORTS_FILE, removeStateFiles } from "./state-files.ts";

/** Answers the node's name, if it still had one. Rejects with OperationError when there is nothing to leave, or when a container does not end. */
export async function abandon({ stateDir }: AbandonOptions): Promise<string | null> {
  const isUsed = existsSync(stateDir) && ["node.json", CONTAINERS, PORTS_FILE].some((name) => existsSync(join(stateDir, name)));
  if (!isUsed) throw new OperationError(`state directory ${stateDir}: this host is no member of a cluster (--state-dir names another)`);
  const log = pino(pino.destination(2));
  const state = StateDir.open(stateDir);
  try {
    await endContainers(join(stateDir, CONTAINERS), log);
    for (const place of readRecord(join(stateDir, PORTS_FILE))) await removeInterface(place, log);
    const name = nameIn(state);
    state.forget();
    removeStateFiles(stateDir);
    return name;
  } finally {
    state.close();
  }
}

/** Whoever cannot be ended keeps its record: done again, this is tried again. */
async function endContainers(directory: string, log: Logger): Promise<void> {
  if (!existsSync(directory)) return;
  const containers = new Containers({ directory, log });
  try {
    await containers.recover();
    await Promise.all(containers.list().map(({ record }) => containers.remove(record.id, { force: true })));
  } finally {
    containers.close();
  }
}

/** One whose namespace is gone went with it; one that is somebody else's by now is left alone. */
async function removeInterface(place: PortPlace, log: Logger): Promise<void> {
  if (!existsSync(place.netnsPath)) return;
  await removePort(place).catch((error) => log.warn({ ...place, why: messageOf(error) }, "an interface was not removed"));
}

/** null when its file is damaged: it is left all the same. */
function nameIn(state: StateDir): string | null {
  try {
    return state.node()?.name ?? null;
  } catch {
    return null;
  }
}
