// A host's forwarding as maps: what host/control/forwarding.ts does to a data path, done to them by the same plan, one action after the other, so that an
// agent may be killed between any two. Interfaces are the kernel's (host.ts): they outlive the agent, the tables do not.

import { type Action, plan } from "../../../host/control/plan.ts";
import type { PortConfig } from "../../../host/model/config.ts";
import { messageOf, OperationError } from "../../../host/model/errors.ts";
import type { Applied, Desired, Dirty, NetworkSettings } from "../../../host/model/forwarding.ts";

export interface Interfaces {
  /** By `netns/interface`. */
  readonly all: ReadonlyMap<string, unknown>;
  has(key: string): boolean;
  /** Makes it, or changes it to be so. Throws when its namespace is not there. */
  make(key: string, port: PortConfig, vni: number): void;
  remove(key: string): void;
}

export interface Table {
  name: string;
  settings: NetworkSettings;
  peers: Set<string>;
  fdb: Map<string, string>;
  neighbors: Map<string, string>;
  ports: Map<string, PortConfig>;
  up: Set<string>;
}

export class ModelForwarding {
  readonly tables = new Map<string, Table>();
  suspended: ReadonlySet<string> = new Set();
  readonly record = { converged: () => {} };
  readonly #interfaces: Interfaces;
  readonly #pause: () => Promise<void>;
  readonly #onDrift: (actions: readonly Action[]) => void;
  readonly #asked = new Set<Dirty>();
  readonly #owed = new Set<string>();
  #changes: Promise<unknown> = Promise.resolve();
  #begun = false;

  constructor(interfaces: Interfaces, pause: () => Promise<void>, onDrift: (actions: readonly Action[]) => void) {
    this.#interfaces = interfaces;
    this.#pause = pause;
    this.#onDrift = onDrift;
  }

  get networks() {
    return { all: [...this.tables.values()] };
  }

  get ports() {
    return { find: (table: Table, key: string) => (table.ports.has(key) ? { up: table.up.has(key) } : undefined) };
  }

  apply(desired: Desired, dirty: Dirty): Promise<Applied> {
    this.#asked.add(dirty);
    return this.#change(async () => {
      this.#asked.delete(dirty);
      if (dirty === "all") this.#owed.clear();
      return this.#carryOut(plan(this.tables, desired, dirty));
    });
  }

  reconcile(desired: Desired, pending: () => Dirty = () => new Map()): Promise<{ drift: number; applied: Applied }> {
    return this.#change(async () => {
      this.#loseGone();
      const actions = plan(this.tables, desired, "all");
      const known = new Set([...this.#asked, pending()].flatMap((dirty) => plan(this.tables, desired, dirty).map(keyOf)));
      const drifted = actions.filter((action) => !known.has(keyOf(action)) && !this.#owed.has(keyOf(action)));
      if (drifted.length > 0) this.#onDrift(drifted);
      this.#owed.clear();
      const applied = await this.#carryOut(actions);
      return { drift: drifted.length, applied };
    });
  }

  suspend(vteps: ReadonlySet<string>): void {
    this.suspended = vteps;
  }

  /** Resolves when all that was asked for is done. */
  async settled(): Promise<void> {
    await this.#changes;
  }

  #change<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#changes.then(change);
    this.#changes = done.catch(() => {});
    return done;
  }

  async #carryOut(actions: readonly Action[]): Promise<Applied> {
    const failures: string[] = [];
    const ports = actions.filter((action) => action.do === "addPort" || action.do === "changePort");
    const removals = actions.filter((action) => action.do === "removeNetwork");
    const attempt = async (action: Action) => {
      await this.#pause();
      this.#owed.delete(keyOf(action));
      try {
        this.#do(action);
      } catch (error) {
        this.#owed.add(keyOf(action));
        failures.push(`network ${action.network}, ${action.do} ${action.key}: ${messageOf(error)}`);
      }
    };
    // What goes, goes first: its VNI may be that of one that comes.
    for (const action of removals) await attempt(action);
    for (const action of actions) if (!ports.includes(action) && !removals.includes(action)) await attempt(action);
    if (!this.#begun) await this.#clearLeftovers(new Set(ports.map(({ key }) => key)));
    this.#begun = true;
    for (const action of ports) await attempt(action);
    return { actions: actions.length, failures };
  }

  async #clearLeftovers(wanted: ReadonlySet<string>): Promise<void> {
    for (const key of [...this.#interfaces.all.keys()]) {
      if (wanted.has(key)) continue;
      await this.#pause();
      this.#interfaces.remove(key);
    }
  }

  #loseGone(): void {
    for (const { up } of this.tables.values()) for (const key of up) if (!this.#interfaces.has(key)) up.delete(key);
  }

  #do(action: Action): void {
    const { network, key } = action;
    if (action.do === "addNetwork") {
      const { vni } = action.settings;
      if ([...this.tables.values()].some(({ settings }) => settings.vni === vni)) throw new OperationError(`VNI ${vni} is another's`);
      const empty = { peers: new Set<string>(), fdb: new Map(), neighbors: new Map(), ports: new Map(), up: new Set<string>() };
      this.tables.set(network, { name: action.settings.name, settings: action.settings, ...empty });
      return;
    }
    const table = this.tables.get(network);
    if (table === undefined) throw new OperationError("it could not be made");
    if (action.do === "removeNetwork") {
      for (const port of table.ports.keys()) this.#interfaces.remove(port);
      this.tables.delete(network);
    } else if (action.do === "changeNetwork") table.settings = action.settings;
    else if (action.do === "setPeers") table.peers = new Set(action.peers);
    else if (action.do === "setFdb") table.fdb.set(key, action.value);
    else if (action.do === "removeFdb") table.fdb.delete(key);
    else if (action.do === "setNeighbor") table.neighbors.set(key, action.value);
    else if (action.do === "removeNeighbor") table.neighbors.delete(key);
    else if (action.do === "removePort") {
      table.ports.delete(key);
      table.up.delete(key);
      this.#interfaces.remove(key);
    } else if (action.do === "addPort" || action.do === "changePort") {
      table.ports.set(key, action.port);
      table.up.delete(key);
      this.#interfaces.make(key, action.port, table.settings.vni);
      table.up.add(key);
    }
  }
}

function keyOf({ network, do: what, key }: Action): string {
  return `${network} ${what} ${key}`;
}
