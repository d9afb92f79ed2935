// What this host forwards, made what it shall be: networks, VTEPs, FDB, neighbours, flood lists and ports come and go while frames flow. A plan says what
// has to be done (host/control/plan.ts); here it is done, one change after the other. What cannot be done is told, and tried again by the next reconcile.
// The truth is the tables themselves: nothing here keeps a second copy of them. Main thread.

import { messageOf, OperationError } from "../model/errors.ts";
import type { Applied, Desired, Dirty, Suspended } from "../model/forwarding.ts";
import type { UnderlayMtu } from "../model/mtu.ts";
import type { ControlView } from "../model/view.ts";
import { liveActual, type Parts, readActual } from "./actual.ts";
import type { DataPlane } from "./dataplane.ts";
import { FAILURES_MAX, Failures } from "./failures.ts";
import { type Network, Networks } from "./networks.ts";
import { type Action, plan } from "./plan.ts";
import type { OwnPort, Port } from "./port.ts";
import { Ports, type PortsOptions } from "./ports.ts";
import { ControlRecord } from "./record.ts";
import { Retired } from "./retired.ts";
import { Vteps } from "./vteps.ts";

const WATCH_MS = 1000;

export interface ForwardingOptions extends Pick<PortsOptions, "log" | "onLeftover"> {
  plane: DataPlane;
  node: { name: string; vtep: string; dataPort: number };
  underlayMtu: UnderlayMtu;
  /** As the data plane was given it. */
  fdbCapacity: number;
  /** File in which it is kept which interfaces there are (host/control/port-record.ts). */
  record: string;
}

export class Forwarding {
  readonly networks: Networks;
  readonly vteps: Vteps;
  readonly ports: Ports;
  readonly record = new ControlRecord();
  readonly #plane: DataPlane;
  readonly #retired: Retired;
  readonly #parts: Parts;
  /** What could not be done when it was last tried: known, and so no drift. */
  readonly #owed = new Set<string>();
  /** What apply() was asked for and has not begun with: no drift either. */
  readonly #asked = new Set<Dirty>();
  /** Ends when every change asked for so far is done. */
  #changes: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  /** The first change has been made: what an earlier agent left is cleared. */
  #begun = false;

  constructor(options: ForwardingOptions) {
    const { plane, node, underlayMtu, fdbCapacity } = options;
    this.#plane = plane;
    this.#retired = new Retired(plane);
    this.vteps = new Vteps({ plane, retired: this.#retired, address: node.vtep, dataPort: node.dataPort, underlayMtu });
    this.networks = new Networks(plane, this.vteps, this.#retired, fdbCapacity);
    this.ports = new Ports({
      plane,
      retired: this.#retired,
      node: node.name,
      record: options.record,
      reflood: (network) => this.networks.reflood(network),
      publish: () => this.#publish(),
      log: options.log,
      onLeftover: options.onLeftover,
    });
    this.#parts = { plane, networks: this.networks, vteps: this.vteps, ports: this.ports };
  }

  /**
   * Makes what is dirty what it shall be. `desired` is read when the changes before this one are done. The first call removes interfaces that an earlier
   * agent left and that are not desired, so it must know the whole. Rejects with nothing: what failed is in the answer.
   */
  apply(desired: Desired, dirty: Dirty): Promise<Applied> {
    this.#asked.add(dirty);
    return this.#change(async () => {
      this.#asked.delete(dirty);
      const actual = dirty === "all" ? readActual(this.#parts).actual : liveActual(this.#parts, dirty.keys());
      if (dirty === "all") this.#owed.clear();
      return this.#carryOut(plan(actual, desired, dirty), desired);
    });
  }

  /**
   * Compares everything with what is desired, and repairs it. `pending` says what the caller knows to have changed since it last called apply(): that is
   * done as well, and is no drift. Drift is what was wrong for no known reason: 0 on a healthy host.
   */
  reconcile(desired: Desired, pending: () => Dirty = () => new Map()): Promise<{ drift: number; applied: Applied }> {
    return this.#change(async () => {
      const began = performance.now();
      this.ports.loseGone();
      const retried = await this.ports.openMissing(true);
      const restored = await this.ports.restore();
      const snapshot = readActual(this.#parts);
      const strays = snapshot.removeStrays();
      for (const [network, places] of snapshot.places) this.networks.recount(network, places);
      const repaired =
        restored.wrong + strays + this.vteps.repair() + this.networks.repair((network) => this.ports.upIn(network)) + this.ports.repair();
      const actions = plan(snapshot.actual, desired, "all");
      const known = new Set([...this.#asked, pending()].flatMap((dirty) => plan(snapshot.actual, desired, dirty).map(keyOf)));
      const drift = repaired + actions.filter((action) => !known.has(keyOf(action)) && !this.#owed.has(keyOf(action))).length;
      this.vteps.collectUnused(snapshot.used);
      this.#owed.clear();
      const applied = await this.#carryOut(actions, desired);
      const failures = [...retried, ...restored.failures, ...applied.failures, ...(await this.ports.clearLeftovers())].slice(
        0,
        FAILURES_MAX,
      );
      this.record.reconciled(drift, repaired + actions.length, (performance.now() - began) / 1000);
      return { drift, applied: { actions: repaired + actions.length, failures } };
    });
  }

  /** From now on nothing is sent to these VTEPs, and to these alone. */
  suspend(vteps: Suspended): void {
    this.vteps.suspend(vteps);
  }

  /**
   * Gives a network a port whose descriptor somebody else opened, and closes when detach() has resolved. Rejects with OperationError when the network is
   * not there or has no room.
   */
  attachFd(network: string, { fd, mac }: { fd: number; mac: string }): Promise<{ detach(): Promise<void> }> {
    return this.#change(async () => {
      const port = this.ports.attach(this.networks.get(network), fd, mac);
      const [failure] = await this.#publish();
      if (failure !== undefined) throw new OperationError(failure);
      return { detach: () => this.#change(() => this.#detach(port)) };
    });
  }

  /** A worker found a port's TAP gone. */
  gone(index: number): void {
    const port = this.ports.at(index);
    const opened = port?.opened;
    if (!port) return;
    void this.#change(async () => {
      if (!port.up || port.opened !== opened || port.config === null) return;
      this.ports.lose(port as OwnPort, "its TAP is gone");
      await this.#settle();
    });
  }

  /** Calls `work` whenever indices are about to be given out again: what workers have told of the old ones has to be taken from their rings first. */
  onGrace(work: () => void): void {
    this.#retired.onGrace(work);
  }

  /** Looks after the ports, once a second, until it is stopped. */
  watch(): void {
    this.#timer = setInterval(() => {
      if (this.#looking) return;
      this.#looking = true;
      void this.#change(() => this.#look()).finally(() => {
        this.#looking = false;
      });
    }, WATCH_MS);
  }

  /** What is wanted and not there. */
  view(): ControlView {
    return this.record.view(this.#owed.size + this.ports.missing);
  }

  /** Stops workers and closes descriptors; every interface stays for a successor. */
  async release(): Promise<void> {
    await this.#end("none");
  }

  /** Stops workers, closes descriptors and removes interfaces: all of them, or those that were made here. Rejects with the first that cannot be removed. */
  async remove(which: "all" | "made" = "all"): Promise<void> {
    const errors = await this.#end(which);
    if (errors.length > 0) throw errors[0];
  }

  async #end(which: "all" | "made" | "none"): Promise<unknown[]> {
    clearInterval(this.#timer);
    await this.#changes;
    await this.#plane.stopWorkers();
    await this.#retired.settle();
    return this.ports.close(which);
  }

  /** Runs a change once those before it are done. */
  #change<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#changes.then(change);
    this.#changes = done.catch(() => {});
    return done;
  }

  async #carryOut(actions: readonly Action[], desired: Desired): Promise<Applied> {
    const failures = new Failures(desired);
    this.#withdraw(actions);
    const ports: Action[] = [];
    for (const action of actions) {
      if (action.do === "addPort" || action.do === "changePort") ports.push(action);
      else if (action.do !== "removeNetwork") this.#attempt(action, failures, () => ports.push(...this.#do(action, failures)));
    }
    this.networks.share(fixedIn(desired));
    this.vteps.collect();
    failures.add(await this.#settle());
    await this.#doPorts(ports, failures);
    return { actions: actions.length, failures: failures.lines };
  }

  /** Networks that go, together: what they leave in the tables is found in one pass. */
  #withdraw(actions: readonly Action[]): void {
    const gone = actions.filter((action) => action.do === "removeNetwork").flatMap((action) => this.networks.find(action.network) ?? []);
    for (const network of gone) this.ports.withdrawAll(network);
    this.networks.withdraw(gone);
  }

  /** Answers what is to be done to ports because of it. */
  #do(action: Action, failures: Failures): Action[] {
    const { networks, ports } = this;
    if (action.do === "addNetwork") {
      networks.add(action.network, action.settings);
      return [];
    }
    const network = networks.find(action.network);
    if (network === undefined) return this.#owe(action);
    switch (action.do) {
      case "changeNetwork":
        return networks.change(network, action.settings) ? this.#changeAll(network) : [];
      case "setPeers": {
        const lines = networks.setPeers(network, action.peers);
        if (lines.length > 0) this.#owed.add(keyOf(action));
        failures.addAt(action, lines);
        break;
      }
      case "setFdb":
        networks.setFdb(network, action.key, action.value);
        break;
      case "removeFdb":
        networks.removeFdb(network, action.key);
        break;
      case "setNeighbor":
        networks.setNeighbor(network, action.key, action.value);
        break;
      case "removeNeighbor":
        networks.removeNeighbor(network, action.key);
        break;
      case "removePort": {
        const port = ports.find(network, action.key);
        if (port) ports.withdraw(port);
        break;
      }
    }
    return [];
  }

  /** Its ports' interfaces get its new MTU. */
  #changeAll(network: Network): Action[] {
    return this.ports.of(network).map(({ key, config }) => ({ do: "changePort", network: network.key, key, port: config }));
  }

  async #doPorts(actions: readonly Action[], failures: Failures): Promise<void> {
    const wanted: OwnPort[] = [];
    for (const action of actions) {
      if (action.do === "addPort") {
        const network = this.networks.find(action.network);
        if (network === undefined) this.#owe(action);
        else this.#attempt(action, failures, () => wanted.push(this.ports.add(network, action.key, action.port)));
      }
    }
    if (!this.#begun) failures.add(await this.ports.clearLeftovers());
    this.#begun = true;
    for (const action of actions) {
      if (action.do !== "changePort") continue;
      const port = this.ports.find(this.networks.get(action.network), action.key);
      if (port === undefined) continue;
      const change = await this.ports.change(port, action.port).catch((error: unknown) => ({ error }));
      this.#attempt(action, failures, () => {
        if (change) throw change.error;
      });
    }
    failures.add(await this.ports.open(wanted));
    failures.add(await this.#settle());
  }

  /** Its network could not be made, which has been told. */
  #owe(action: Action): [] {
    this.#owed.add(keyOf(action));
    return [];
  }

  /** Does it; what cannot be done is told, and owed. */
  #attempt(action: Action, failures: Failures, work: () => void): void {
    if (this.#owed.size > 0) this.#owed.delete(keyOf(action));
    try {
      work();
    } catch (error) {
      this.#owed.add(keyOf(action));
      failures.addAt(action, [messageOf(error)]);
    }
  }

  async #look(): Promise<void> {
    this.ports.loseGone();
    await this.#settle();
    await this.ports.openMissing(false);
  }

  async #detach(port: Port): Promise<void> {
    if (this.ports.at(port.index) === port) this.ports.withdraw(port);
    const [failure] = await this.#settle();
    if (failure !== undefined) throw new OperationError(failure);
  }

  /** Makes workers know of what was changed. Answers what could not be done. */
  async #publish(): Promise<string[]> {
    try {
      await this.networks.writeFloods((network) => this.ports.upIn(network));
      await this.#plane.published();
      return [];
    } catch (error) {
      return [messageOf(error)];
    }
  }

  /** Brings flood lists up to date, and frees what was withdrawn. Answers what could not be done. */
  async #settle(): Promise<string[]> {
    try {
      await this.networks.writeFloods((network) => this.ports.upIn(network));
    } catch (error) {
      return [messageOf(error)];
    }
    return this.#retired.settle();
  }
}

function keyOf({ network, do: what, key }: Action): string {
  return `${network} ${what} ${key}`;
}

/** Entries that are not learned. */
function fixedIn(desired: Desired): number {
  let sum = 0;
  for (const { fdb, ports } of desired.values()) sum += fdb.size + ports.size;
  return sum;
}
