// What this host is like, as the cluster is to know it: looked at when the kernel says that it may have changed, so that a network made a second
// after a VPN came up is refused, and a host where nothing happens starts no process. Main thread.

import type { Reporter } from "../../cluster/report.ts";
import type { ReportRecord } from "../../model/cluster/records.ts";

export interface HostReportParts {
  reporter: Pick<Reporter, "say">;
  /** All that stays as it is while the agent runs. */
  plain: Omit<ReportRecord, "routes" | "underlayMtu">;
  routes(): Promise<ReportRecord["routes"]>;
  /** Rejects with OperationError while nobody has this host's VTEP address, or who has it is too small for an overlay. */
  underlayMtu(): Promise<number>;
  /** Whether these may have changed since it was last asked. */
  changed(): boolean;
}

/** To be called again and again. What could not be read is still due. */
export function hostReport({ reporter, plain, routes, underlayMtu, changed }: HostReportParts): () => Promise<void> {
  let due = true;
  let mtu: number | undefined;
  return async () => {
    due = changed() || due;
    if (!due) return;
    // An interface that is down for a moment is no reason to keep routes back: what it had last is said.
    mtu = await underlayMtu().catch((error) => {
      if (mtu === undefined) throw error;
      return mtu;
    });
    reporter.say({ ...plain, underlayMtu: mtu, routes: await routes() });
    due = false;
  };
}
