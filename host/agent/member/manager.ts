// What a manager runs besides its agent: the store, the front, and who does operations and looks after the dead. Main thread.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import { Admission } from "../../cluster/admission.ts";
import { enterStore, loadAuthority } from "../../cluster/bootstrap.ts";
import type { Identity } from "../../cluster/identity.ts";
import { Members } from "../../cluster/members.ts";
import type { NodeState, StateDir } from "../../cluster/state-dir.ts";
import { formatToken, pinOf } from "../../cluster/token.ts";
import { Manager } from "../../manager/manager.ts";
import type { MemberOptions, StoreOptions } from "../../model/cluster/start.ts";
import { type Store, StoreError } from "../../model/cluster/store.ts";
import { messageOf, type OperationError, UsageError } from "../../model/errors.ts";
import type { PoolFiguresView } from "../../model/view.ts";
import type { Backend } from "../../store/backend.ts";
import type { TlsFiles } from "../../store/client/credentials.ts";
import type { ClusterClient } from "../../store/client/store.ts";
import { directStore } from "../../store/direct.ts";
import { openEmbedded } from "../../store/embedded/backend.ts";
import { EtcdBackend } from "../../store/etcd/backend.ts";
import { startFront } from "../../store/front.ts";
import type { UndoStack } from "../undo.ts";
import { type Periodic, periodic } from "./periodic.ts";
import { STORE_FILE } from "./state-files.ts";

/** How often nodes are looked at that have died. */
const SWEEP_MS = 1000;
/** How often a store that did not answer is tried again. */
const ENTER_MS = 2000;

export interface ManagerParts {
  options: MemberOptions;
  state: StateDir;
  identity: Identity;
  node: NodeState;
  /** To this manager's own front. */
  client: ClusterClient;
  log: Logger;
  /** How each thing that was begun is ended. */
  undo: Pick<UndoStack, "push">;
  /** The store has died: this manager is of no use any more. */
  onDeath: (error: OperationError) => void;
}

/**
 * Answers what it tells in its metrics; null where there are none. Rejects with OperationError when the store or the address cannot be had, or the store is
 * another cluster's; what was begun is for `undo` then, too.
 */
export async function startManager(parts: ManagerParts): Promise<PoolFiguresView | null> {
  const { options, state, identity, node, client, log, undo, onDeath } = parts;
  const authority = await loadAuthority(state);
  const backend = await openBackend(options.store, join(state.path, STORE_FILE), node.name, onDeath);
  undo.push(() => backend.close());
  const members = new Members(client, node.id);
  undo.push(() => members.close());
  const manager = operationsOn(directStore(backend, client), pinOf(authority.certificate));
  undo.push(() => manager.close());
  const pools = options.metrics === null ? null : manager.poolFigures();
  undo.push(() => pools?.close());
  const sweep = startSweep(manager, log);
  undo.push(() => sweep.stop());
  let entered = false;
  const ids = { id: node.clusterId, restoredFrom: undefined as string | undefined };
  const admission = new Admission({
    store: client,
    authority,
    clusterId: () => ids.id,
    embedded: options.store.kind === "embedded",
    now: Date.now,
    onAdmitted: (nodeId) => members.admit(nodeId),
  });
  const front = await startFront({
    backend,
    host: options.listen.host,
    port: options.listen.port,
    identity,
    cluster: () => ids,
    // Of a store that is being made, or read from a backup, nobody is told anything yet.
    members: {
      standing: (id) => (entered || id === node.id ? members.standing(id) : "unknown"),
      onLeaving: (listener) => members.onLeaving(listener),
    },
    control: (caller, operation, json) => manager.do(caller, operation, parse(json)),
    join: {
      ask: async (request) => (entered ? admission.ask(request) : refuseEarly()),
      renew: (caller, request) => admission.renew(caller, request),
    },
  });
  undo.push(() => front.close());
  const enter = async () => {
    if (entered) return;
    const cluster = await enterStore(client, state, options.create, Date.now());
    Object.assign(ids, { id: cluster.id, restoredFrom: cluster.restoredFrom });
    entered = true;
  };
  const entering = await enterSoon(enter, node.founding === true, log);
  undo.push(() => entering?.stop());
  return pools;
}

/** `pin`: of the CA, for join tokens. */
function operationsOn(store: Store, pin: string): Manager {
  return new Manager({ store, now: Date.now, tokenText: (_role, secret) => formatToken({ pin, secret }) });
}

function startSweep(manager: Manager, log: Logger): Periodic {
  return periodic(
    SWEEP_MS,
    async () => {
      const { died, returned, freed } = await manager.sweep(performance.now());
      for (const name of died) log.warn({ node: name }, "node died: its lease has ended");
      for (const name of returned) log.info({ node: name }, "node is back");
      for (const { node: name, endpoints } of freed)
        log.info({ node: name, endpoints }, "addresses of a node that was dead for long are freed");
    },
    (error) => log.debug({ message: messageOf(error) }, "nodes could not be looked at"),
  );
}

/** An etcd that does not answer now keeps no manager from coming back, and is tried again; a new cluster needs one. */
async function enterSoon(enter: () => Promise<void>, founding: boolean, log: Logger): Promise<Periodic | null> {
  try {
    await enter();
    return null;
  } catch (error) {
    if (founding || !(error instanceof StoreError && error.failure === "unavailable")) throw error;
    log.warn({ message: messageOf(error) }, "the store does not answer: tried again until it does");
    return periodic(ENTER_MS, enter, (later) => log.error({ message: messageOf(later) }, "the store cannot be used"));
  }
}

function openBackend(
  store: StoreOptions,
  file: string,
  name: string,
  onDeath: (error: OperationError) => void,
): Promise<Backend> | Backend {
  if (store.kind === "embedded") return openEmbedded({ file, name, onDeath });
  const { endpoints, ca, cert, key, user } = store;
  const tls = storeTls(ca, cert, key);
  const colon = user?.indexOf(":") ?? 0;
  return new EtcdBackend({
    endpoints,
    tls,
    ...(user === null ? {} : { user: { name: user.slice(0, colon), password: user.slice(colon + 1) } }),
  });
}

/** Read once now, so that a file that is not there is told with its flag; and again for each connection, since certificates are renewed. */
function storeTls(ca: string | null, cert: string | null, key: string | null): (() => TlsFiles) | null {
  if (ca === null && cert === null) return null;
  if (ca === null)
    throw new UsageError("--store-cert is of no use without --store-ca: the CA that etcd's own certificate is checked against");
  const files = () => ({
    caPem: read(ca, "--store-ca"),
    ...(cert !== null && key !== null ? { certPem: read(cert, "--store-cert"), keyPem: read(key, "--store-key") } : {}),
  });
  files();
  return files;
}

function read(file: string, flag: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`${flag} ${file}: ${messageOf(error)}`, { cause: error });
  }
}

function refuseEarly(): never {
  throw new StoreError("unavailable", "the manager is still reading its store: try again");
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new UsageError("the operation's input is not JSON");
  }
}
