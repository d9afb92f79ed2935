// Endpoints that the store says are this host's, and of which its journal knows nothing: a manager made one after nobody waited for it any more, a file of
// the journal was lost, a backup was put back. Nobody has them, so they are freed. Those in networks that this host follows are seen by itself. The others
// are looked through: all of them at the start and whenever the store may be another, and from then on one at a time, round and round, which costs a
// manager the same little however many networks there are. Main thread.

import { ENDPOINTS, endpointKey, NETWORKS, nodeEndpoints, partsOf } from "../model/cluster/keys.ts";
import type { EndpointRecord } from "../model/cluster/records.ts";
import type { Store } from "../model/cluster/store.ts";
import type { Managers } from "./endpoints.ts";
import type { Journal } from "./journal.ts";

export interface StraysOptions {
  journal: Pick<Journal, "get" | "isLost">;
  store: Pick<Store, "get" | "list">;
  managers: Managers;
  /** One that is freed because its file in the journal could not be read: its container is not in that network any more. */
  onLost: (record: EndpointRecord) => void;
  /** host/follow/cluster-view.ts. */
  view: { readonly self: string; memberships(): string[]; strays(): { network: string; id: string }[] };
}

export class Strays {
  readonly #options: StraysOptions;
  #everywhere = true;
  /** What is left of the round: networks by id. */
  #round: string[] = [];

  constructor(options: StraysOptions) {
    this.#options = options;
  }

  /** Frees what can be seen, and what is elsewhere if that is due. Rejects with StoreError when no manager answers: it is due again. */
  async free(): Promise<void> {
    for (const { network, id } of this.#options.view.strays()) await this.#free(network, id);
    if (!this.#everywhere) return;
    this.#everywhere = false;
    try {
      for (const network of await this.#networks()) await this.#look(network);
    } catch (error) {
      this.#everywhere = true;
      throw error;
    }
  }

  /** The store may be another than before: it was put back from a backup. */
  lookEverywhere(): void {
    this.#everywhere = true;
  }

  /** Looks through the next network. */
  async lookOn(): Promise<void> {
    if (this.#round.length === 0) this.#round = await this.#networks();
    const network = this.#round.pop();
    if (network !== undefined) await this.#look(network);
  }

  async #networks(): Promise<string[]> {
    const { store, view } = this.#options;
    const followed = new Set(view.memberships());
    const { entries } = await store.list(NETWORKS, { keysOnly: true });
    return entries.map(({ key }) => key.slice(NETWORKS.length)).filter((network) => !followed.has(network));
  }

  async #look(network: string): Promise<void> {
    const { store, view } = this.#options;
    const { entries } = await store.list(nodeEndpoints(network, view.self), { keysOnly: true });
    for (const { key } of entries) await this.#free(network, partsOf(key, ENDPOINTS)[2]);
  }

  /** One that is being attached or given back is in the journal, and not looked at here. */
  async #free(network: string, id: string): Promise<void> {
    const { journal, store, managers, view, onLost } = this.#options;
    if (journal.get(id)) return;
    const lost = journal.isLost(id) ? await store.get(endpointKey(network, view.self, id)) : null;
    await managers.do("endpoint.remove", { network, id });
    if (lost) onLost(JSON.parse(lost.value) as EndpointRecord);
  }
}
