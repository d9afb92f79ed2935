// A manager as its callers see it: it knows who is a member, works on the store for them, and does operations. Real are the list of members and the manager
// itself; left out are TLS, gRPC and the table of rights.

import { Members } from "../../../host/cluster/members.ts";
import { type Caller, Manager } from "../../../host/manager/manager.ts";
import { StoreError } from "../../../host/model/cluster/store.ts";
import type { EngineStore } from "../../../host/store/embedded/engine-store.ts";
import type { Random } from "../../oracle/random.ts";
import type { Backend } from "./backend.ts";
import type { SimClient } from "./client.ts";
import type { Network } from "./network.ts";
import type { Proc, VirtualTime } from "./virtual.ts";

/** "Every second or so". */
const SWEEP_MS = 2000;
/** What a call of a store that is in the way waits for an answer. */
const STORE_DEADLINE_MS = 5000;
/** Where a real etcd is, for the network. */
export const ETCD = "etcd";

export interface FrontParts {
  time: VirtualTime;
  random: Random;
  network: Network;
  proc: Proc;
  backend: Backend;
  embedded: boolean;
  host: { name: string; id: string };
  client: SimClient;
  /** The clock of sweeps, in ms. */
  monotonic: () => number;
}

export class Front {
  readonly proc: Proc;
  readonly manager: Manager;
  readonly #parts: FrontParts;
  readonly #members: Members;
  readonly #store: EngineStore;

  constructor(parts: FrontParts) {
    this.#parts = parts;
    this.proc = parts.proc;
    const { client, random, host } = parts;
    this.#store = parts.backend.client();
    this.#members = new Members(client, host.id);
    this.manager = new Manager({
      store: client,
      now: () => Date.now(),
      random: (bytes) => random.bytes(bytes),
      tokenText: (role, secret) => `${role}:${secret}`,
    });
    void this.#sweep();
  }

  /** Why the caller is not served; null when it is. */
  refusal(nodeId: string): StoreError | null {
    const standing = this.#members.standing(nodeId);
    if (standing === "removed") return new StoreError("unauthenticated", `node ${nodeId} was removed from the cluster`);
    if (standing === "unknown") return new StoreError("unavailable", "the manager is still reading its store: try again");
    return null;
  }

  /** Work on the store, for a caller that is served. */
  async store<T>(work: (store: EngineStore) => Promise<T>): Promise<T> {
    const { time, embedded, network, host, backend } = this.#parts;
    if (!embedded) await this.#cross(network.open(host.name, ETCD));
    else await time.sleep(0.2);
    if (!backend.running) return this.#never();
    const answer = await work(this.#store).then(
      (value) => () => value,
      (error: unknown) => () => {
        throw error;
      },
    );
    if (!embedded) await this.#cross(network.open(ETCD, host.name));
    return answer();
  }

  async do(caller: Caller, operation: string, input: unknown): Promise<unknown> {
    return JSON.parse(JSON.stringify((await this.manager.do(caller, operation, JSON.parse(JSON.stringify(input)))) ?? {}));
  }

  close(): void {
    this.manager.close();
    this.#members.close();
  }

  async #cross(open: boolean): Promise<void> {
    const { time, network } = this.#parts;
    if (open) return time.sleep(network.delay());
    await time.sleep(STORE_DEADLINE_MS);
    throw new StoreError("unavailable", "the store does not answer");
  }

  async #never<T>(): Promise<T> {
    await this.#parts.time.sleep(STORE_DEADLINE_MS);
    throw new StoreError("unavailable", "the store does not answer");
  }

  async #sweep(): Promise<void> {
    for (;;) {
      await this.#parts.time.sleep(SWEEP_MS);
      await this.manager.sweep(this.#parts.monotonic()).catch((error: unknown) => {
        if (!(error instanceof StoreError)) this.#parts.time.fail(error);
      });
    }
  }
}
