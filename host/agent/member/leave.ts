// `weft leave`: this host's containers, interfaces, addresses and membership go, and what it knew of the cluster. Main thread.

import type { Logger } from "pino";
import type { StateDir } from "../../cluster/state-dir.ts";
import type { Checked } from "../../model/cluster/operations.ts";
import { messageOf, OperationError } from "../../model/errors.ts";
import type { ClusterClient } from "../../store/client/store.ts";
import type { LocalEndpoints } from "./local-endpoints.ts";

export interface LeaveParts {
  input: Checked<"cluster.leave">;
  client: ClusterClient;
  local: LocalEndpoints;
  state: StateDir;
  log: Logger;
}

/** Rejects with OperationError, before anything was changed unless a manager fell silent in the middle; with `force` nothing stands against it. */
export async function leaveCluster({ input: { force }, client, local, state, log }: LeaveParts): Promise<void> {
  const running = local.containers.list({ all: false });
  if (running.length > 0 && !force) {
    const names = running.map(({ Name }) => Name).join(", ");
    throw new OperationError(`containers run here (${names}): remove them first, or leave by force (-f)`);
  }
  if (!force) await client.do("cluster.time", {});
  await local.removeAll();
  try {
    await client.do("node.leave", {});
  } catch (error) {
    if (!force) throw error;
    log.warn({ message: messageOf(error) }, "left without a manager's knowing: weft node rm frees what it still has");
  }
  state.forget();
}
