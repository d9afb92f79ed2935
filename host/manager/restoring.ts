// After a backup was put back, hosts have what it does not know of. For a while nothing new is made, so that what is there comes first. Main thread.

import { RESTORING_KEY } from "../model/cluster/keys.ts";
import { RESTORING_SECONDS } from "../model/cluster/records.ts";
import type { Compare, Store } from "../model/cluster/store.ts";
import { OperationError } from "../model/errors.ts";

export const NOT_RESTORING: Compare = { key: RESTORING_KEY, is: "absent" };

/** Throws OperationError. */
export async function refuseWhileRestoring(store: Pick<Store, "get">): Promise<void> {
  if (!(await store.get(RESTORING_KEY))) return;
  throw new OperationError(
    `the cluster was restored from a backup less than ${RESTORING_SECONDS} s ago: what its hosts still have is put back before anything new is made: try again`,
  );
}
