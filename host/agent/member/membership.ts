// Who this host is: a member that comes back, the founder of a cluster, or one that joins. Main thread.

import { up } from "../../cluster/bootstrap.ts";
import type { Identity } from "../../cluster/identity.ts";
import { type Joining, join } from "../../cluster/join.ts";
import type { NodeState, StateDir } from "../../cluster/state-dir.ts";
import type { MemberOptions } from "../../model/cluster/start.ts";
import { OperationError } from "../../model/errors.ts";
import { VERSION } from "../../model/version.ts";
import type { PoolFiguresView } from "../../model/view.ts";
import { advertiseAddress } from "../../netdev/advertise.ts";
import { findUnderlay } from "../../netdev/underlay.ts";
import type { ClusterClient } from "../../store/client/store.ts";
import { removeStateFiles } from "./state-files.ts";

/** Who this host is, and how it reaches the cluster's state. */
export interface Membership {
  state: StateDir;
  node: NodeState;
  vtep: string;
  identity: Identity;
  client: ClusterClient;
  /** HOST:PORT of this host's front, for a manager. */
  manager: string | null;
  /** What a manager tells in its metrics. */
  pools: PoolFiguresView | null;
  /** As it is known now: upkeep.ts follows it. */
  cluster: { id: string; managers: string[] };
}

/** The VTEP address: as asked, as it was, or as this host's routes have it. Rejects with OperationError when it is not clear, or not this host's. */
export async function vtepOf(options: MemberOptions, state: StateDir): Promise<string> {
  const vtep = options.advertise ?? state.node()?.vtep ?? (await advertiseAddress());
  // Before anybody is asked: a host that nobody could reach there shall not become a member.
  await findUnderlay(vtep);
  return vtep;
}

/** HOST:PORT by which others reach this host's front. */
export function frontAddress({ listen: { host, port } }: MemberOptions, vtep: string): string {
  const address = host === "0.0.0.0" || host === "::" ? vtep : host;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** What is left of a member that was leaving when it ended: its key, by which managers know it if they have not forgotten it yet. */
function finishLeave(state: StateDir): void {
  if (!state.node()?.leaving) return;
  removeStateFiles(state.path);
  state.forget("key");
}

/** How this host asks to be let in by its token; null for one that founds a cluster, or comes back to its own. */
export function joiningOf(options: MemberOptions, vtep: string): Joining | null {
  if (options.join === null) return null;
  const serves = options.store.kind === "etcd" ? frontAddress(options, vtep) : null;
  return { ...options.join, name: options.name, vtep, manager: serves, version: VERSION, now: Date.now() };
}

/** Makes this host a member, if it is none, and counts the start. Rejects with UsageError or OperationError. */
export async function becomeMember(
  state: StateDir,
  options: MemberOptions,
  vtep: string,
  onSilence?: Joining["onSilence"],
): Promise<NodeState> {
  finishLeave(state);
  const joining = joiningOf(options, vtep);
  if (joining === null) {
    await up(state, { name: options.name, vtep, manager: frontAddress(options, vtep), now: Date.now() });
  } else {
    await join(state, { ...joining, onSilence });
  }
  const node = state.nextIncarnation();
  if (!node) throw new OperationError(`state directory ${state.path}: it was changed by another`);
  const settled = { ...node, name: options.name, vtep };
  state.writeNode(settled);
  return settled;
}
