// Follows the cluster's state by watches and keeps a ClusterView of it: nodes first, then who lives and the networks, then the endpoints of
// the networks that this host takes part in, so that nothing is forwarded to a node before it is known where that is. What may have changed is
// handed on in one piece for all that came in one turn of the event loop. Main thread.

import { ALIVE, ENDPOINTS, NETWORKS, NODES, networkEndpoints, partsOf } from "../model/cluster/keys.ts";
import type { EndpointRecord, NetworkRecord, NodeRecord } from "../model/cluster/records.ts";
import type { Entry, Store, Watch, WatchEvent, Watcher } from "../model/cluster/store.ts";
import { OperationError } from "../model/errors.ts";
import type { ClusterView } from "./cluster-view.ts";
import type { LocalEndpoint } from "./joined-network.ts";

/** What a later snapshot of a network's endpoints has no longer is forwarded to for so long: longer than hosts take to put back what a backup did not have. */
const DOUBT_MS = 10_000;

export interface FollowerOptions {
  store: Store;
  view: ClusterView;
  /** The view has changed: apply it. Not called again before the promise settles; what comes meanwhile is in the next call. */
  onChange: () => Promise<void>;
  /** It rejected: a defect, told once; the next change is applied as ever. */
  onFailure: (error: unknown) => void;
  /** Endpoints of other nodes that were told of one by one, by the times of their records: applied with the next onChange. */
  onEndpoint: (record: EndpointRecord) => void;
  /** A record that cannot be read is left out. */
  onBadRecord: (key: string, why: string) => void;
  /** Managers are heard, or no longer. */
  onConnection: (connected: boolean, why: string) => void;
}

/** Records one after the other, each read when it is asked for: all of them at a time, beside what becomes of them, would be too many. */
type Read<T> = IteratorObject<{ key: string; record: T }, undefined>;

export class Follower {
  readonly #options: FollowerOptions;
  readonly #watches: Watch[] = [];
  readonly #endpoints = new Map<string, Watch>();
  /** By network. */
  readonly #doubts = new Map<string, NodeJS.Timeout>();
  #nodesKnown = false;
  #closed = false;
  #changed = false;
  #applying: Promise<void> | null = null;
  /** Watches whose first snapshot is still to come. */
  readonly #awaited = new Set<string>();
  #synced = Promise.withResolvers<void>();

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Begins to watch. */
  start(): void {
    const { view } = this.#options;
    this.#watch(NODES, {
      snapshot: (nodes: Read<NodeRecord>) => view.setNodes(nodes.map(({ record }) => record)),
      put: (node: NodeRecord) => view.setNode(node),
      remove: (key) => view.removeNode(partsOf(key, NODES)[0]),
      after: () => this.#afterNodes(),
    });
  }

  /** Resolves once everything was heard that there is to hear: the networks of this host's endpoints too. */
  synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** An endpoint of this host; its network's others are followed from now on. */
  addLocal(network: NetworkRecord, endpoint: LocalEndpoint): void {
    const isNew = this.#options.view.addLocal(network, endpoint);
    if (isNew && this.#nodesKnown) this.#followEndpoints(network.id);
    this.#notify();
  }

  removeLocal(network: string, endpoint: string): void {
    if (this.#options.view.removeLocal(network, endpoint)) {
      this.#endpoints.get(network)?.close();
      this.#endpoints.delete(network);
      clearTimeout(this.#doubts.get(network));
      this.#arrived(networkEndpoints(network));
    }
    this.#notify();
  }

  /** Has what is pending applied, and resolves when it is. Rejects with OperationError when it no longer will be, or as onChange did. */
  async flush(): Promise<void> {
    this.#notify();
    while (this.#applying) await this.#applying;
    if (this.#closed) throw new OperationError("the agent is ending: ask again when it is back");
  }

  /** Stops watching; resolves when nothing is being applied any more. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const watch of [...this.#watches, ...this.#endpoints.values()]) watch.close();
    for (const doubt of this.#doubts.values()) clearTimeout(doubt);
    await this.#applying?.catch(() => {}); // told by onFailure
  }

  #afterNodes(): void {
    if (this.#nodesKnown) return;
    this.#nodesKnown = true;
    const { view } = this.#options;
    this.#watch(ALIVE, {
      snapshot: (all) => view.nodes.setAlive(all.map(({ key }) => partsOf(key, ALIVE)[0])),
      put: (_record, key) => view.nodes.addAlive(partsOf(key, ALIVE)[0]),
      remove: (key) => view.nodes.removeAlive(partsOf(key, ALIVE)[0]),
    });
    this.#watch(NETWORKS, {
      snapshot: (networks: Read<NetworkRecord>) => view.setNetworks(networks.map(({ record }) => record)),
      put: (network: NetworkRecord) => view.setNetwork(network),
      remove: (key) => view.removeNetwork(partsOf(key, NETWORKS)[0]),
    });
    for (const network of view.memberships()) this.#followEndpoints(network);
  }

  #followEndpoints(network: string): void {
    const { view, onEndpoint } = this.#options;
    const watch = this.#watch(networkEndpoints(network), {
      begin: () => {
        clearTimeout(this.#doubts.get(network));
        view.beginEndpoints(network);
      },
      part: (endpoints: Read<EndpointRecord>) => {
        for (const { record } of endpoints) view.setEndpoint(record);
      },
      snapshot: () => {
        if (view.endEndpoints(network)) this.#doubts.set(network, setTimeout(() => this.#dropDoubtful(network), DOUBT_MS).unref());
      },
      put: (endpoint: EndpointRecord) => {
        view.setEndpoint(endpoint);
        onEndpoint(endpoint);
      },
      remove: (key) => view.removeEndpoint(network, partsOf(key, ENDPOINTS)[2]),
    });
    this.#endpoints.set(network, watch);
  }

  #dropDoubtful(network: string): void {
    this.#options.view.dropDoubtful(network);
    this.#notify();
  }

  #watch<T>(
    prefix: string,
    to: {
      /** Before and with each part of a large snapshot, which is then told without records. */
      begin?: () => void;
      part?: (some: Read<T>) => void;
      snapshot: (all: Read<T>) => void;
      put: (record: T, key: string) => void;
      remove: (key: string) => void;
      after?: () => void;
    },
  ): Watch {
    const { store, onConnection } = this.#options;
    let isBegun = false;
    const onPart = (entries: readonly Entry[], isFirst: boolean) => {
      if (isFirst) to.begin?.();
      isBegun = true;
      to.part?.(this.#readAll(entries));
    };
    const watcher: Watcher = {
      ...(to.part ? { onPart } : {}),
      onSnapshot: ({ entries }) => {
        // Of a store that tells no parts.
        if (!isBegun) onPart(entries, true);
        isBegun = false;
        to.snapshot(this.#readAll(entries));
        to.after?.();
        this.#arrived(prefix);
        this.#notify();
      },
      onEvents: (events) => {
        for (const event of events) this.#take(event, to);
        this.#notify();
      },
      ...(prefix === NODES ? { onConnection } : {}),
    };
    this.#awaited.add(prefix);
    const watch = store.watch(prefix, watcher);
    if (!prefix.startsWith(ENDPOINTS)) this.#watches.push(watch);
    return watch;
  }

  #take<T>(event: WatchEvent, to: { put: (record: T, key: string) => void; remove: (key: string) => void }): void {
    if (event.type === "delete") {
      to.remove(event.key);
      return;
    }
    const record = this.#read<T>(event.entry.key, event.entry.value);
    if (record !== undefined) to.put(record, event.entry.key);
  }

  *#readAll<T>(entries: readonly Entry[]): Read<T> {
    for (const { key, value } of entries) {
      const record = this.#read<T>(key, value);
      if (record !== undefined) yield { key, record };
    }
  }

  #read<T>(key: string, value: string): T | undefined {
    try {
      return JSON.parse(value) as T;
    } catch (error) {
      this.#options.onBadRecord(key, (error as Error).message);
      return undefined;
    }
  }

  #arrived(prefix: string): void {
    if (this.#awaited.delete(prefix) && this.#awaited.size === 0) this.#synced.resolve();
  }

  #notify(): void {
    this.#changed = true;
    if (this.#applying || this.#closed) return;
    this.#applying = this.#apply().finally(() => {
      this.#applying = null;
      if (this.#changed) this.#notify();
    });
    this.#applying.catch(this.#options.onFailure);
  }

  async #apply(): Promise<void> {
    // What else came in this turn goes with it.
    await new Promise(setImmediate);
    while (this.#changed && !this.#closed) {
      this.#changed = false;
      await this.#options.onChange();
    }
  }
}
