// What a member does again and again while it runs: it says that it lives and what its host is like, renews its certificate, follows the managers'
// addresses, compares its tables with what they should be, and settles what is owed. Main thread.

import type { Logger } from "pino";
import type { Clock } from "../../cluster/clock.ts";
import type { Identity, Issued } from "../../cluster/identity.ts";
import { Liveness } from "../../cluster/liveness.ts";
import { startRenewal } from "../../cluster/renewal.ts";
import { Reporter } from "../../cluster/report.ts";
import type { NodeState, StateDir } from "../../cluster/state-dir.ts";
import type { ClusterView } from "../../follow/cluster-view.ts";
import { CLUSTER_KEY } from "../../model/cluster/keys.ts";
import type { ClusterRecord } from "../../model/cluster/records.ts";
import { messageOf, OperationError, UsageError } from "../../model/errors.ts";
import { VERSION } from "../../model/version.ts";
import type { hostRoutes } from "../../netdev/routes.ts";
import type { ClusterClient } from "../../store/client/store.ts";
import { hostReport } from "./host-report.ts";
import { isRemoved } from "./leave.ts";
import type { LocalEndpoints } from "./local-endpoints.ts";
import type { ManagerClock } from "./manager-clock.ts";
import type { Overlay } from "./overlay.ts";
import { type Periodic, periodic } from "./periodic.ts";

const RECONCILE_MS = 30_000;
const SETTLE_MS = 2000;
/** As often as it is asked whether routes or links have changed. */
const REPORT_MS = 1000;
/** A network each time. */
const STRAYS_MS = 10_000;
const ACQUAINTANCE_MS = 10_000;
/** Of the manager's clock, each time: a lone one may meet a busy moment here or there, at the start above all, and be wrong by half of it. */
const CLOCK_SAMPLES = 4;

export interface UpkeepParts {
  client: ClusterClient;
  identity: Identity;
  /** A new certificate, for a request. */
  certify: (request: Uint8Array) => Promise<Issued>;
  state: StateDir;
  node: NodeState;
  vtep: string;
  /** HOST:PORT of this host's front, for a manager. */
  manager: string | null;
  /** As it is known now; changed here. */
  cluster: { id: string; managers: string[] };
  routes: typeof hostRoutes;
  underlayMtu: () => Promise<number>;
  /** Whether these may have changed since it was last asked. */
  hostChanged: () => boolean;
  overlay: Overlay;
  local: LocalEndpoints;
  view: ClusterView;
  clock: Clock;
  managerClock: ManagerClock;
  log: Logger;
  /** This node was removed from the cluster. */
  onRemoved: (why: string) => void;
}

/** Answers what ends it. */
export function startUpkeep(parts: UpkeepParts): () => Promise<void> {
  const { client, identity, certify, node, clock, overlay, local, log, routes, underlayMtu, hostChanged } = parts;
  const common = { store: client, nodeId: node.id, clock };
  const reporter = new Reporter({ ...common, onFailure: (message) => log.debug({ message }, "this host's report could not be written") });
  const registration = new Registration(parts);
  const liveness = new Liveness({
    ...common,
    incarnation: node.incarnation,
    onAlive: () => {
      registration.again();
      reporter.again();
      local.strays.lookEverywhere();
    },
    onFailure: (message) => {
      log.warn({ message }, "the cluster cannot be told that this node lives");
      // Who was removed is told so when it asks.
      registration.again();
    },
    onKept: () => log.info("the cluster knows again that this node lives"),
  });
  const renewal = startRenewal({
    facts: () => identity.facts(),
    renew: () => identity.renew(certify),
    onFailure: (error) => log.warn({ message: messageOf(error) }, "the certificate could not be renewed: tried again"),
    clock,
    random: Math.random,
  });
  const plain = { version: VERSION, incarnation: node.incarnation };
  const report = hostReport({ reporter, plain, routes, underlayMtu, changed: hostChanged });
  const told = (what: string) => (error: unknown) => log.warn({ message: messageOf(error) }, what);
  const owed = (error: unknown) => log.debug({ message: messageOf(error) }, "something is still owed");
  const tasks: Periodic[] = [
    periodic(RECONCILE_MS, () => overlay.reconcile(), told("the tables could not be compared with what they should be")),
    periodic(SETTLE_MS, () => local.settle(), owed),
    periodic(STRAYS_MS, () => local.strays.lookOn(), owed),
    periodic(REPORT_MS, report, told("this host's routes and MTU could not be read")),
    periodic(
      ACQUAINTANCE_MS,
      () => acquaint(parts, () => renewal.soon()),
      (error) => registration.judge(error),
    ),
  ];
  for (const task of tasks) void task.now();
  return async () => {
    liveness.stop();
    reporter.stop();
    renewal.stop();
    await Promise.all([registration.stop(), ...tasks.map((task) => task.stop())]);
  };
}

/** The manager's clock, the managers there are, and whether the cluster is still the one that it was: a restored one has another id. */
async function acquaint({ client, managerClock, view, cluster, state, log }: UpkeepParts, onNewId: () => void): Promise<void> {
  for (let n = 0; n < CLOCK_SAMPLES; n++) await managerClock.sample(async () => (await client.do("cluster.time", {})).unixMilliseconds);
  const others = view.nodes.others().flatMap(({ manager }) => manager ?? []);
  const managers = others.length > 0 ? others : cluster.managers;
  const entry = await client.get(CLUSTER_KEY);
  const record: ClusterRecord | null = entry && JSON.parse(entry.value);
  const id = record?.restoredFrom === cluster.id ? record.id : cluster.id;
  if (id === cluster.id && managers.join() === cluster.managers.join()) return;
  const isNew = id !== cluster.id;
  Object.assign(cluster, { id, managers });
  const known = state.node();
  if (known) state.writeNode({ ...known, clusterId: id, managers });
  if (!isNew) return;
  log.info({ cluster: id }, "the cluster was restored from a backup: it has another id");
  onNewId();
}

/** Tells managers of this node's name, address and start, until one has heard it; and hears whether it is still a member. */
class Registration {
  readonly #parts: UpkeepParts;
  readonly #task: Periodic;
  #wanted = true;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
    this.#task = periodic(
      SETTLE_MS,
      () => this.#register(),
      (error) => this.judge(error),
    );
  }

  again(): void {
    this.#wanted = true;
    void this.#task.now();
  }

  stop(): Promise<void> {
    return this.#task.stop();
  }

  /** What a manager refused for good is told; that this node was removed ends it. */
  judge(error: unknown): void {
    const { log, onRemoved } = this.#parts;
    if (isRemoved(error)) onRemoved(error.message);
    else if (error instanceof OperationError || error instanceof UsageError)
      log.error({ message: error.message }, "a manager refused this node");
  }

  async #register(): Promise<void> {
    if (!this.#wanted) return;
    const { client, node, vtep, manager } = this.#parts;
    await client.do("node.register", { name: node.name, vtep, manager, incarnation: node.incarnation, version: VERSION });
    this.#wanted = false;
  }
}
