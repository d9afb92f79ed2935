// Who may ask for what, by the role in the caller's certificate. A person on any host may make and remove networks; what decides who is a
// member is asked on managers only, so that a worker that was broken into can put out no other.

import type { ManagerOperation } from "../model/cluster/operations.ts";
import type { Role } from "../model/cluster/records.ts";

const ANY: readonly Role[] = ["worker", "manager"];
const MANAGERS: readonly Role[] = ["manager"];

export const ROLES: Record<ManagerOperation, readonly Role[]> = {
  "network.create": ANY,
  "network.ls": ANY,
  "network.inspect": ANY,
  "network.rm": ANY,
  "network.prune": ANY,
  /** On the caller's own node. */
  "endpoint.create": ANY,
  /** The caller's own; a manager's caller, any. */
  "endpoint.remove": ANY,
  /** Itself. */
  "node.register": ANY,
  "node.ls": ANY,
  "node.inspect": ANY,
  "node.rm": MANAGERS,
  "node.drain": MANAGERS,
  /** Itself. */
  "node.leave": ANY,
  "token.show": MANAGERS,
  "cluster.time": ANY,
  "cluster.info": ANY,
};
