// What a process has in the place of a connection to its managers (host/store/client): the same promises, over the simulated network. A call that may be
// repeated is, at the next manager; any other whose answer does not come is "unavailable", done or not. A watch goes on after what it was told last.

import type { Answer } from "../../../host/model/cluster/answers.ts";
import type { Asked, ManagerOperation } from "../../../host/model/cluster/operations.ts";
import type { Role } from "../../../host/model/cluster/records.ts";
import {
  type Change,
  type Compare,
  type Entry,
  type Lease,
  type Range,
  StoreError,
  type TxnAnswer,
  type Watch,
  type Watcher,
} from "../../../host/model/cluster/store.ts";
import type { ClusterClient } from "../../../host/store/client/store.ts";
import type { EngineStore } from "../../../host/store/embedded/engine-store.ts";
import type { Backend } from "./backend.ts";
import type { Front } from "./front.ts";
import type { Network } from "./network.ts";
import type { Proc, VirtualTime } from "./virtual.ts";
import { SimWatch } from "./watch.ts";

const DEADLINE_MS = 5000;
const OPERATION_MS = 15_000;
const KEEP_MS = 3000;
/** A call that may be repeated gives one manager so much of its time. */
const ATTEMPTS = 3;
const BACKOFF_MS = 200;

const REPEATABLE: ReadonlySet<string> = new Set<ManagerOperation>([
  "network.ls",
  "network.inspect",
  "node.ls",
  "node.inspect",
  "endpoint.create",
  "endpoint.remove",
  "cluster.time",
  "cluster.info",
]);

export interface ClientParts {
  time: VirtualTime;
  network: Network;
  backend: Backend;
  proc: Proc;
  host: { name: string; id: string; role: Role };
  /** Names of hosts, in the order in which they are tried. */
  managers: () => readonly string[];
  frontOf: (host: string) => Front | null;
  watches: Set<SimWatch>;
}

interface Call {
  repeatable: boolean;
  deadlineMs: number;
}

type Work<T> = (front: Front) => Promise<T>;

export class SimClient implements ClusterClient {
  readonly parts: ClientParts;
  #turn = 0;

  constructor(parts: ClientParts) {
    this.parts = parts;
  }

  get(key: string): Promise<Entry | null> {
    return this.#store((store) => store.get(key), true);
  }

  list(prefix: string, options?: { keysOnly?: boolean }): Promise<Range> {
    return this.#store((store) => store.list(prefix, options), true);
  }

  async *pages(prefix: string, options?: { keysOnly?: boolean }): AsyncGenerator<Range> {
    yield await this.list(prefix, options);
  }

  commit(compares: readonly Compare[], changes: readonly Change[]): Promise<TxnAnswer> {
    return this.#store((store) => store.commit(compares, changes), false);
  }

  grantLease(ttlSeconds: number): Promise<Lease> {
    return this.#store((store) => store.grantLease(ttlSeconds), false);
  }

  keepLease(id: string): Promise<number> {
    return this.#store((store) => store.keepLease(id), true, KEEP_MS);
  }

  revokeLease(id: string): Promise<void> {
    return this.#store((store) => store.revokeLease(id), false);
  }

  do<Name extends ManagerOperation>(name: Name, input: Asked<Name>): Promise<Answer<Name>> {
    const { id: nodeId, role } = this.parts.host;
    const work: Work<unknown> = (front) => front.do({ nodeId, role }, name, input);
    return this.#ask(work, { repeatable: REPEATABLE.has(name), deadlineMs: OPERATION_MS }) as Promise<Answer<Name>>;
  }

  watch(prefix: string, watcher: Watcher): Watch {
    return new SimWatch(this, prefix, watcher);
  }

  refresh(): void {}

  close(): void {
    for (const watch of [...this.parts.watches]) if (watch.client === this) watch.close();
  }

  /** The manager that is asked now; null when it does not answer. */
  get front(): Front | null {
    return this.parts.frontOf(this.#target());
  }

  /** Whether packets go there and back. */
  get reachable(): boolean {
    const { network, host } = this.parts;
    const target = this.#target();
    return network.open(host.name, target) && network.open(target, host.name);
  }

  nextManager(): void {
    this.#turn++;
  }

  #target(): string {
    const managers = this.parts.managers();
    return managers[this.#turn % managers.length];
  }

  #store<T>(work: (store: EngineStore) => Promise<T>, repeatable: boolean, deadlineMs = DEADLINE_MS): Promise<T> {
    return this.#ask((front) => front.store(work), { repeatable, deadlineMs });
  }

  async #ask<T>(work: Work<T>, { repeatable, deadlineMs }: Call): Promise<T> {
    const { time } = this.parts;
    const end = time.now + deadlineMs;
    for (;;) {
      const left = end - time.now;
      const outcome = await this.#once(work, repeatable ? Math.min(left, deadlineMs / ATTEMPTS) : left);
      if ("value" in outcome) return outcome.value;
      if ("error" in outcome) throw outcome.error;
      this.nextManager();
      if ((outcome.sent && !repeatable) || end - time.now <= BACKOFF_MS) throw new StoreError("unavailable", outcome.lost);
      await time.sleep(BACKOFF_MS);
    }
  }

  /** One manager is asked, and waited for so long. */
  #once<T>(work: Work<T>, waitMs: number): Promise<{ value: T } | { error: unknown } | { lost: string; sent: boolean }> {
    const { time, network, host, proc, frontOf } = this.parts;
    const target = this.#target();
    return new Promise((resolve) => {
      const late = time.after(waitMs, () => resolve({ lost: `${target} has not answered`, sent: true }), proc);
      const back = (outcome: Parameters<typeof resolve>[0]) =>
        network.send(target, host.name, () => {
          late.cancel();
          if (proc.alive) resolve(outcome);
        });
      network.send(host.name, target, () => {
        const front = frontOf(target);
        if (front === null) {
          back({ lost: `${target}: connection refused`, sent: false });
          return;
        }
        const refusal = front.refusal(host.id);
        if (refusal) {
          back(refusal.failure === "unavailable" ? { lost: refusal.message, sent: false } : { error: refusal });
          return;
        }
        const reset = front.proc.onEnd(() => back({ lost: `${target}: connection reset`, sent: true }));
        front.proc
          .run(() => work(front))
          .then(
            (value) => back({ value }),
            (error: unknown) => back(isAway(error) ? { lost: error.message, sent: true } : { error }),
          )
          .finally(reset);
      });
    });
  }
}

function isAway(error: unknown): error is StoreError {
  return error instanceof StoreError && error.failure === "unavailable";
}
