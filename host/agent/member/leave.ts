// `weft leave`: this host's containers, interfaces, addresses and membership go, and what it knew of the cluster. Main thread.

import type { Logger } from "pino";
import type { StateDir } from "../../cluster/state-dir.ts";
import type { Checked } from "../../model/cluster/operations.ts";
import { StoreError } from "../../model/cluster/store.ts";
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

/** Whether a manager says that this node is no member any more. */
export function isRemoved(error: unknown): error is StoreError {
  return error instanceof StoreError && error.failure === "unauthenticated" && error.message.includes("was removed");
}

/**
 * Rejects with OperationError, before anything was changed unless a manager fell silent in the middle; with `force` only a container that does not end
 * stands against it.
 */
export async function leaveCluster(parts: LeaveParts): Promise<void> {
  const { input, client, local } = parts;
  const { force } = input;
  const running = local.containers.list({ all: false });
  if (running.length > 0 && !force) {
    const names = running.map(({ Name }) => Name).join(", ");
    throw new OperationError(`containers run here (${names}): remove them first, or leave by force (-f)`);
  }
  if (!force) await client.do("cluster.time", {});
  try {
    await leave(parts);
  } catch (error) {
    local.stay();
    throw error;
  }
}

async function leave({ input: { force }, client, local, state, log }: LeaveParts): Promise<void> {
  await local.removeAll();
  const node = state.node();
  // Should this process end before it is known: the next start goes on from here.
  if (node) state.writeNode({ ...node, leaving: true });
  try {
    await client.do("node.leave", {});
  } catch (error) {
    // Asked again since the answer was lost: it is done.
    if (!isRemoved(error)) {
      if (node) state.writeNode(node);
      if (!force) throw error;
      log.warn({ message: messageOf(error) }, "left without a manager's knowing: weft node rm frees what it still has");
    }
  }
  state.forget();
}
