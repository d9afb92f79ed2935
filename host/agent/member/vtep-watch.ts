// Whether this host still has the VTEP address by which others reach it: an interface may be replaced or set down, an address be taken away, and all that
// is seen of that elsewhere is that this host does not answer. One line when it goes, and one when it is back. Main thread.

import type { Logger } from "pino";
import { messageOf } from "../../model/errors.ts";
import { pathChanges } from "../../netdev/changes.ts";
import { periodic } from "./periodic.ts";

/** As often as the kernel is asked whether it has news. */
const LOOK_MS = 1000;

export interface VtepWatchParts {
  vtep: string;
  /** Whether this host has it now. */
  present(): boolean;
  /** Whether that may be another answer than when it was last asked. */
  changed(): boolean;
  log: Pick<Logger, "info" | "error">;
}

/** Watches from now on; answers what ends that. Throws SysError. */
export function startVtepWatch(parts: Omit<VtepWatchParts, "changed">): () => Promise<void> {
  const changes = pathChanges();
  const failed = (error: unknown) => parts.log.error({ message: messageOf(error) }, "this host's addresses could not be read");
  const task = periodic(LOOK_MS, vtepWatch({ ...parts, changed: () => changes.changed() }), failed);
  return async () => {
    await task.stop();
    changes.close();
  };
}

/** To be called again and again. */
export function vtepWatch({ vtep, present, changed, log }: VtepWatchParts): () => void {
  let due = true;
  let was = true;
  return () => {
    due = changed() || due;
    if (!due) return;
    const is = present();
    due = false;
    if (is === was) return;
    was = is;
    if (is) log.info({ vtep }, "an interface has this host's VTEP address again");
    else log.error({ vtep }, "no interface that is up has this host's VTEP address: its containers reach no other host until one has it");
  };
}
