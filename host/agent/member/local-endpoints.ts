// This host's endpoints and containers, joined to the cluster's state and to the data path. Main thread.

import { statSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import type { StateDir } from "../../cluster/state-dir.ts";
import { Connecting } from "../../endpoint/connect.ts";
import { ContainerOperations } from "../../endpoint/containers.ts";
import { Endpoints } from "../../endpoint/endpoints.ts";
import { Journal } from "../../endpoint/journal.ts";
import { Strays } from "../../endpoint/strays.ts";
import type { ClusterView } from "../../follow/cluster-view.ts";
import { Follower } from "../../follow/follower.ts";
import { newLongId } from "../../model/cluster/ids.ts";
import { messageOf, OperationError } from "../../model/errors.ts";
import { Containers } from "../../sandbox/containers.ts";
import type { ClusterClient } from "../../store/client/store.ts";
import type { Overlay } from "./overlay.ts";
import { CONTAINERS, ENDPOINTS } from "./state-files.ts";

export interface LocalParts {
  state: StateDir;
  client: ClusterClient;
  view: ClusterView;
  overlay: Overlay;
  log: Logger;
}

export class LocalEndpoints {
  readonly endpoints: Endpoints;
  readonly containers: ContainerOperations;
  readonly connecting: Connecting;
  readonly strays: Strays;
  readonly #parts: LocalParts;
  readonly #follower: Follower;
  readonly #sandboxes: Containers;
  /** Who asked this host to leave, and is not done. */
  #leaving = 0;

  constructor(parts: LocalParts) {
    const { state, client, view, overlay, log } = parts;
    this.#parts = parts;
    const journal = new Journal(join(state.path, ENDPOINTS), (file, why) =>
      log.error({ file, why }, "what this host knew of an endpoint cannot be read: its address is given back"),
    );
    this.strays = new Strays({
      ...{ journal, store: client, managers: client, view },
      onLost: ({ id, name, network, container, addresses }) =>
        log.error({ endpoint: id, name, network, container, addresses }, "endpoint lost with its file: connect it again"),
    });
    this.#follower = new Follower({
      store: client,
      view,
      onChange: () => overlay.apply(),
      onFailure: (error) => log.error({ err: error }, "a change could not be applied: the next comparison of the tables makes up for it"),
      onEndpoint: (record) => overlay.heardOf(record),
      onBadRecord: (key, why) => log.error({ key, why }, "a record in the store cannot be read: left out"),
      onConnection: (connected, why) => {
        if (connected) log.info("the cluster's state is heard");
        else log.warn({ why }, "the cluster's state is not heard any more: forwarding goes on as it is");
      },
    });
    this.endpoints = new Endpoints({
      journal,
      store: client,
      managers: client,
      wiring: {
        addLocal: (network, endpoint) => this.#follower.addLocal(network, endpoint),
        removeLocal: (network, endpoint) => this.#follower.removeLocal(network, endpoint),
        flush: () => this.#follower.flush(),
        obstacle: (netns, name) => overlay.obstacle(netns, name),
      },
      newId: newLongId,
      mayAttach: (container) => this.#refuseGoing(container),
      netnsId: inodeOf,
      onEvent: (event, { id, network, netns, record, container }, detail) => {
        const level = event === "lost" ? "warn" : event === "pending" ? "debug" : "info";
        log[level]({ endpoint: id, name: record?.name, network, netns, detail }, `endpoint ${event}`);
        if (container !== null && (event === "attached" || event === "detached")) this.#tellWhere(container);
      },
    });
    this.#sandboxes = new Containers({ directory: join(state.path, CONTAINERS), log });
    this.containers = new ContainerOperations(this.#sandboxes, this.endpoints, (container, why) =>
      log.warn({ container, why }, "container not cleared away: tried again at the next start"),
    );
    this.connecting = new Connecting(this.endpoints, this.containers);
  }

  /** What the last agent held is in the view from now on; nothing is applied yet. */
  resume(): void {
    this.endpoints.resume((network, endpoint) => this.#parts.view.addLocal(network, endpoint));
  }

  /** Begins to follow the cluster's state; answers whether all of it was heard within the time. */
  async follow(timeoutMs: number): Promise<boolean> {
    this.#follower.start();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), timeoutMs);
    });
    const synced = await Promise.race([this.#follower.synced().then(() => true), late]);
    clearTimeout(timer);
    if (synced) await this.#follower.flush();
    return synced;
  }

  /** Takes up containers, and clears away those that were half made or have ended. */
  async recover(): Promise<void> {
    await this.containers.recover();
  }

  /** Brings this host and the store to the same mind: what is owed is given back, what was lost is put back, what nobody has is freed. */
  async settle(): Promise<void> {
    const { view } = this.#parts;
    await this.endpoints.settle();
    for (const { record } of view.missing()) await this.endpoints.restore(record.id);
    await this.strays.free();
  }

  /** Everything of this host goes: containers are ended, interfaces removed, addresses given back as far as a manager answers; and nothing comes, until stay(). */
  async removeAll(): Promise<void> {
    this.#leaving++;
    const ids = () => this.containers.list({ all: true }).map(({ Id }) => Id);
    const { refused } = await this.containers.remove({ names: ids(), force: true });
    const there = new Set(ids());
    const left = refused.find(({ name }) => there.has(name));
    if (left) throw new OperationError(left.message);
    await this.endpoints.detachAll();
  }

  /** One who began to remove everything does not leave after all. */
  stay(): void {
    this.#leaving--;
  }

  /** Its /etc/hosts follows the networks that come and go. */
  #tellWhere(container: string): void {
    const held = this.endpoints.all.filter((entry) => entry.container === container);
    const addresses = held.flatMap(({ record }) => record?.addresses ?? []).map((cidr) => cidr.split("/")[0]);
    try {
      this.#sandboxes.address(container, addresses);
    } catch (error) {
      this.#parts.log.warn({ container, message: messageOf(error) }, "its /etc/hosts could not be written");
    }
  }

  #refuseGoing(container: string | null): void {
    if (this.#leaving > 0) throw new OperationError("this host is leaving the cluster");
    if (container !== null) this.#sandboxes.refuseGone(container);
  }

  async stop(): Promise<void> {
    await this.#follower.close();
    this.#sandboxes.close();
  }
}

/** A namespace's identity. */
function inodeOf(path: string): string | null {
  try {
    return String(statSync(path, { bigint: true }).ino);
  } catch {
    return null;
  }
}
