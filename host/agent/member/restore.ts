// `weft restore FILE`: a manager's state directory of what `weft backup` wrote; `weft up` then runs it. No agent runs meanwhile. Main thread.

import { restore } from "../../cluster/restore.ts";
import { StateDir } from "../../cluster/state-dir.ts";
import type { RestoreOptions } from "../../model/cluster/start.ts";

/** Rejects with OperationError, with nothing written. */
export async function runRestore({ file, stateDir }: RestoreOptions): Promise<void> {
  const state = StateDir.open(stateDir);
  try {
    await restore(file, state, Date.now());
  } finally {
    state.close();
  }
}
