// What this host is like, as the cluster is to know it: looked at when the kernel says that it may have changed, so that a network made a second
// after a VPN came up is refused, and a host where nothing happens starts no process. Main thread.

import type { Reporter } from "../../cluster/report.ts";
import type { ReportRecord } from "../../model/cluster/records.ts";

export interface HostReportParts {
  reporter: Pick<Reporter, "say">;
  /** All but the routes. */
  plain: Omit<ReportRecord, "routes">;
  routes(): Promise<ReportRecord["routes"]>;
  /** Whether routes may have changed since it was last asked. */
  changed(): boolean;
}

/** To be called again and again. What could not be read is still due. */
export function hostReport({ reporter, plain, routes, changed }: HostReportParts): () => Promise<void> {
  let due = true;
  return async () => {
    due = changed() || due;
    if (!due) return;
    reporter.say({ ...plain, routes: await routes() });
    due = false;
  };
}
