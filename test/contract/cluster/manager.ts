// A manager's control side in this process: state directory, embedded store, front, admission; and nodes that join it. All goes with close().

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { Admission } from "../../../host/cluster/admission.ts";
import { enterStore, loadAuthority, up } from "../../../host/cluster/bootstrap.ts";
import { Identity } from "../../../host/cluster/identity.ts";
import { askRenewal, type Joining, join } from "../../../host/cluster/join.ts";
import { Members } from "../../../host/cluster/members.ts";
import { type NodeState, StateDir } from "../../../host/cluster/state-dir.ts";
import { formatToken, pinOf } from "../../../host/cluster/token.ts";
import { tokenKey } from "../../../host/model/cluster/keys.ts";
import type { ClusterRecord, Role, TokenRecord } from "../../../host/model/cluster/records.ts";
import type { Backend } from "../../../host/store/backend.ts";
import { type ClusterClient, connectStore } from "../../../host/store/client/store.ts";
import { openEmbedded } from "../../../host/store/embedded/backend.ts";
import type { FrontOptions } from "../../../host/store/front.ts";
import { startFront } from "../../../host/store/front.ts";
import type { Served } from "../../../host/store/serve.ts";
import { freePorts } from "../../../lab/ports.ts";

export interface ManagerOptions {
  control?: FrontOptions["control"];
  /** Instead of the embedded store in the state directory. */
  backend?: () => Promise<Backend>;
  embedded?: boolean;
  /** Instead of one that is free. */
  port?: number;
  now?: () => number;
}

export class Manager {
  readonly state: StateDir;
  readonly identity: Identity;
  readonly members: Members;
  readonly store: ClusterClient;
  readonly backend: Backend;
  readonly record: ClusterRecord;
  readonly port: number;
  readonly #front: Served;

  private constructor(parts: Pick<Manager, "state" | "identity" | "members" | "store" | "backend" | "record" | "port">, front: Served) {
    this.state = parts.state;
    this.identity = parts.identity;
    this.members = parts.members;
    this.store = parts.store;
    this.backend = parts.backend;
    this.record = parts.record;
    this.port = parts.port;
    this.#front = front;
  }

  /** As `weft up` does it: founds a cluster, or comes back with the state directory's. */
  static async start(directory: string, options: ManagerOptions = {}): Promise<Manager> {
    const { control = async () => ({}), embedded = true, now = Date.now } = options;
    const state = StateDir.open(directory);
    const port = options.port ?? (await freePorts(1))[0];
    const undo: (() => unknown)[] = [() => state.close()];
    try {
      await up(state, { name: "m", vtep: "10.99.0.1", manager: `127.0.0.1:${port}`, now: now() });
      const node = state.nextIncarnation() as NodeState;
      const identity = new Identity(state);
      const backend = await (options.backend?.() ?? openEmbedded({ file: path(directory, "store.sqlite") }));
      undo.unshift(() => backend.close());
      const store = connectStore({ endpoints: () => [`127.0.0.1:${port}`], tls: () => identity.tls(), clusterId: () => node.clusterId });
      const members = new Members(store, node.id);
      undo.unshift(
        () => members.close(),
        () => store.close(),
      );
      let record: ClusterRecord | { id: string } = { id: node.clusterId };
      const authority = await loadAuthority(state);
      const admission = new Admission({
        store,
        authority,
        clusterId: () => record.id,
        embedded,
        now,
        onAdmitted: (id) => members.admit(id),
      });
      const front = await startFront({
        backend,
        host: "127.0.0.1",
        port,
        identity,
        cluster: () => record,
        members,
        control,
        join: { ask: (request) => admission.ask(request), renew: (caller, request) => admission.renew(caller, request) },
        now,
      });
      undo.unshift(() => front.close());
      record = await enterStore(store, state, { dataPort: 4789, pools: [{ base: "10.0.0.0/8", size: 24 }] }, now());
      return new Manager({ state, identity, members, store, backend, record: record as ClusterRecord, port }, front);
    } catch (error) {
      for (const step of undo) await step();
      throw error;
    }
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async token(role: Role): Promise<string> {
    const entry = await this.store.get(tokenKey(role));
    const { secret }: TokenRecord = JSON.parse(entry?.value ?? "");
    return formatToken({ pin: pinOf(this.state.authority() ?? ""), secret });
  }

  async close(): Promise<void> {
    this.members.close();
    this.store.close();
    await this.#front.close();
    await this.backend.close();
    this.state.close();
  }
}

/** A member that is no manager: its state directory and how it talks to the manager. */
export class Member {
  readonly state: StateDir;
  readonly node: NodeState;
  readonly identity: Identity;
  readonly store: ClusterClient;

  constructor(state: StateDir, node: NodeState) {
    this.state = state;
    this.node = node;
    this.identity = new Identity(state);
    this.store = connectStore({
      endpoints: () => this.node.managers,
      tls: () => this.identity.tls(),
      clusterId: () => this.node.clusterId,
      deadlineMs: 3000,
    });
  }

  async renew(): Promise<void> {
    await this.identity.renew((request) => askRenewal(this.identity, () => this.node.managers, request));
    this.store.refresh();
  }

  close(): void {
    this.store.close();
    this.state.close();
  }
}

/** Folders, managers and members of one test; in the order that they were made, they end the other way round. */
export class Ground {
  readonly directory = mkdtempSync(path(tmpdir(), "weft-cluster-"));
  readonly #undo: (() => unknown)[] = [];
  #next = 0;

  folder(name = `d${this.#next++}`): string {
    return path(this.directory, name);
  }

  async manager(options: ManagerOptions = {}, directory = this.folder()): Promise<Manager> {
    const manager = await Manager.start(directory, options);
    this.#undo.unshift(() => manager.close());
    return manager;
  }

  /** Joins with the worker's token, unless told otherwise. */
  async member(manager: Manager, joining: Partial<Joining> & { directory?: string } = {}): Promise<Member> {
    const state = StateDir.open(joining.directory ?? this.folder());
    try {
      const member = new Member(state, await join(state, await this.joining(manager, joining)));
      this.#undo.unshift(() => member.close());
      return member;
    } catch (error) {
      state.close();
      throw error;
    }
  }

  async joining(manager: Manager, joining: Partial<Joining> = {}): Promise<Joining> {
    const number = ++this.#next;
    return {
      token: await manager.token("worker"),
      managers: [manager.address],
      name: `w${number}`,
      vtep: `10.99.1.${number}`,
      manager: null,
      version: "test",
      now: Date.now(),
      ...joining,
    };
  }

  onClose(step: () => unknown): void {
    this.#undo.unshift(step);
  }

  async close(): Promise<void> {
    for (const step of this.#undo) await step();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
