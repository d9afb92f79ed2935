// From what the cluster's state says to what the workers do: the follower's view, applied to the data path as it changes, and compared with it as a whole
// now and then. Who is dead or suspect is suspended. The last state is kept on disk, for a start without a manager. Main thread.

import type { Logger } from "pino";
import type { ProbeThread } from "../../cluster/probe/probe-thread.ts";
import type { Forwarding } from "../../control/forwarding.ts";
import type { LastPlan } from "../../control/last-plan.ts";
import type { ClusterView } from "../../follow/cluster-view.ts";
import type { EndpointRecord } from "../../model/cluster/records.ts";
import type { Dirty, DirtyNetwork } from "../../model/forwarding.ts";
import type { KnownNodes } from "./known-nodes.ts";
import type { ManagerClock } from "./manager-clock.ts";
import { PROBE_NETWORK, probedPeers, setProbeNetwork } from "./probe-network.ts";

/** A record older than this when it is heard of says nothing of how fast changes come. */
const CONVERGENCE_SECONDS_MAX = 60;

export interface OverlayParts {
  view: ClusterView;
  forwarding: Forwarding;
  prober: ProbeThread;
  clock: ManagerClock;
  lastPlan: LastPlan;
  knownNodes: KnownNodes;
  log: Logger;
}

export class Overlay {
  readonly #parts: OverlayParts;
  /** Why ports are not up, by `netns/interface`: of the last change that could not make them. */
  #failures: readonly string[] = [];
  /** Endpoints that were heard of and are not applied yet. */
  #coming: EndpointRecord[] = [];
  #suspected: ReadonlySet<string> = new Set();
  /** view.nodes.changes, as it was when probes, suspension and what is kept of nodes were last made of it. */
  #nodeChanges = -1;
  /** VTEPs of nodes whose lease has ended. */
  #dead: ReadonlySet<string> = new Set();

  constructor(parts: OverlayParts) {
    this.#parts = parts;
    parts.prober.onChange((suspected) => {
      for (const vtep of suspected.difference(this.#suspected))
        parts.log.warn({ vtep }, "a node does not answer probes: nothing is sent to it");
      for (const vtep of this.#suspected.difference(suspected)) parts.log.info({ vtep }, "a node answers probes again");
      this.#suspected = suspected;
      this.suspend();
    });
    parts.prober.onReached(() => this.suspend());
  }

  /** Makes the data path what the view says, whatever it is now. */
  async begin(): Promise<void> {
    this.#dirty();
    await this.#apply("all");
  }

  /** Makes of the data path what has changed in the view. */
  async apply(): Promise<void> {
    const coming = this.#coming;
    this.#coming = [];
    const dirty = this.#dirty();
    if (dirty.size === 0) return;
    await this.#apply(dirty);
    for (const { createdAt } of coming) this.#converged(createdAt);
  }

  heardOf(endpoint: EndpointRecord): void {
    this.#coming.push(endpoint);
  }

  /** Compares everything, and repairs it; on disk, too. */
  async reconcile(): Promise<void> {
    const { forwarding, view, log, lastPlan, knownNodes } = this.#parts;
    lastPlan.again();
    knownNodes.again();
    const { drift, applied } = await forwarding.reconcile(view.desired, () => this.#dirty());
    if (drift > 0) log.warn({ drift }, "entries were not as they should be: repaired");
    this.#tell(applied.failures);
    this.suspend();
  }

  /**
   * Nothing is sent to nodes that probes do not reach, nor to those whose lease has ended; but one that answers probes is not dead for its containers:
   * it is cut off from the managers, or they have only just come back and it has not yet.
   */
  suspend(): void {
    const { forwarding, view, prober } = this.#parts;
    const dead = view.nodes.deadVteps();
    for (const vtep of dead) if (!this.#dead.has(vtep)) prober.doubt(vtep);
    this.#dead = dead;
    const reachable = prober.reachable();
    forwarding.suspend(new Set([...this.#suspected, ...[...dead].filter((vtep) => !reachable.has(vtep))]));
  }

  /** Why a port is not up; null when it is. */
  obstacle(netns: string, name: string): string | null {
    const { forwarding } = this.#parts;
    const key = `${netns}/${name}`;
    const port = forwarding.networks.all.map((network) => forwarding.ports.find(network, key)).find((found) => found !== undefined);
    if (port?.up) return null;
    return this.#failures.find((line) => line.includes(key) || line.includes(netns)) ?? `interface ${name} could not be made in ${netns}`;
  }

  #dirty(): Map<string, DirtyNetwork> {
    const { view } = this.#parts;
    const dirty = view.takeDirty() ?? new Map<string, DirtyNetwork>();
    if (view.nodes.changes !== this.#nodeChanges) this.#takeNodes(dirty);
    return dirty;
  }

  /** Who is probed, who is suspended, and what is known at the next start: work for each node, which an endpoint that comes is not to cost. */
  #takeNodes(dirty: Map<string, DirtyNetwork>): void {
    const { view, prober, knownNodes } = this.#parts;
    this.#nodeChanges = view.nodes.changes;
    const others = view.nodes.others();
    const peers = probedPeers(others);
    const probes = setProbeNetwork(view.desired, peers);
    prober.setPeers(peers);
    if (probes.frame || probes.macs.size > 0) dirty.set(PROBE_NETWORK, probes);
    const own = view.nodes.own();
    knownNodes.save([...others, ...(own ? [own] : [])]);
    this.suspend();
  }

  async #apply(dirty: Dirty): Promise<void> {
    const { forwarding, view, lastPlan } = this.#parts;
    const { failures } = await forwarding.apply(view.desired, dirty);
    this.#tell(failures);
    lastPlan.save(view.desired);
  }

  #tell(failures: readonly string[]): void {
    const known = new Set(this.#failures);
    for (const line of failures) if (!known.has(line)) this.#parts.log.error({ message: line }, "could not be done: tried again");
    this.#failures = failures;
  }

  #converged(createdAt: string): void {
    const { clock, forwarding } = this.#parts;
    const seconds = clock.secondsSince(createdAt);
    if (seconds !== null && seconds < CONVERGENCE_SECONDS_MAX) forwarding.record.converged(seconds);
  }
}
