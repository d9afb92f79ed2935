// How this node comes by a new certificate while it runs: a manager has the CA's key and makes its own, so that it comes back by itself when the clock was
// wrong and nobody, itself not either, can ask it; a worker asks a manager, and by its token when its own certificate is not valid. Main thread.

import { issueOwn } from "../../cluster/bootstrap.ts";
import { isValid } from "../../cluster/certificate.ts";
import type { Issued } from "../../cluster/identity.ts";
import { askByToken, askRenewal } from "../../cluster/join.ts";
import type { MemberOptions } from "../../model/cluster/start.ts";
import { joiningOf, type Membership } from "./membership.ts";

/** For Identity.renew(). Rejects with OperationError or UsageError. */
export function certify(options: MemberOptions, membership: Membership, request: Uint8Array): Promise<Issued> {
  const { state, node, vtep, identity, manager, cluster } = membership;
  const now = Date.now();
  if (manager !== null) return issueOwn(state, { nodeId: node.id, clusterId: cluster.id }, { vtep, manager, now }, request);
  const joining = isValid(identity.facts(), now) ? null : joiningOf(options, vtep);
  if (joining === null) return askRenewal(identity, () => cluster.managers, request);
  return askByToken(state, node, { ...joining, managers: [...new Set([...cluster.managers, ...joining.managers])] }, request);
}
