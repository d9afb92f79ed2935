// The endpoints of this host: attached to a network, detached, and after whatever happened in between brought to one of the two. A manager
// gives the addresses, the journal remembers, the follower has the interface made. Main thread.

import type { Answer } from "../model/cluster/answers.ts";
import { networkKey, networkNameKey, RESTORING_KEY } from "../model/cluster/keys.ts";
import type { Asked, ManagerOperation } from "../model/cluster/operations.ts";
import type { EndpointRecord, NetworkRecord } from "../model/cluster/records.ts";
import { type Store, StoreError } from "../model/cluster/store.ts";
import { messageOf, OperationError } from "../model/errors.ts";
import type { Journal, JournalEntry } from "./journal.ts";

export interface Managers {
  do<Name extends ManagerOperation>(name: Name, input: Asked<Name>): Promise<Answer<Name>>;
}

/** What has interfaces made and removed: host/follow/follower.ts, and the ports of host/control. */
export interface Wiring {
  addLocal(network: NetworkRecord, endpoint: { record: EndpointRecord; netns: string; interface: string }): void;
  removeLocal(network: string, endpoint: string): void;
  /** Resolves once what was asked for is applied; rejects when it will not be, since this agent is ending. */
  flush(): Promise<void>;
  /** Why a port is not up, or null when it is. */
  obstacle(netns: string, interfaceName: string): string | null;
}

export interface EndpointsOptions {
  journal: Journal;
  store: Pick<Store, "get">;
  managers: Managers;
  wiring: Wiring;
  newId: () => string;
  /** Throws OperationError when nothing is to be attached any more: the container is on its way out, or this host is. */
  mayAttach: (container: string | null) => void;
  /** The inode of a namespace's path as text, or null when there is none. */
  netnsId: (path: string) => string | null;
  onEvent: (event: "attached" | "detached" | "lost" | "restored" | "pending", entry: JournalEntry, detail?: string) => void;
}

export interface Attachment {
  network: string;
  netns: string;
  interface: string;
  container: string | null;
  name: string;
  aliases: string[];
  ips: string[];
  mac?: string;
}

export class Endpoints {
  readonly #options: EndpointsOptions;
  /** Being attached, detached or put back now, until the promise settles: nobody else's to settle. */
  readonly #busy = new Map<string, Promise<unknown>>();

  constructor(options: EndpointsOptions) {
    this.#options = options;
  }

  get all(): JournalEntry[] {
    return this.#options.journal.entries.filter(({ state }) => state === "held");
  }

  /** Hands over what the last agent held: to be called before anything is applied. */
  resume(addLocal: Wiring["addLocal"]): void {
    for (const entry of this.all) wire(entry, addLocal);
  }

  /** Throws OperationError when nothing comes to this host any more. */
  refuseGoing(): void {
    this.#options.mayAttach(null);
  }

  /** Resolves when its interface is there. Rejects with OperationError or StoreError, with nothing left behind, or what is left to be settled. */
  async attach(wanted: Attachment): Promise<JournalEntry> {
    const { journal, newId, netnsId, mayAttach } = this.#options;
    const { netns, interface: name, container } = wanted;
    const inode = netnsId(netns);
    if (inode === null) throw new OperationError(`${netns}: no network namespace`);
    const network = await this.#network(wanted.network);
    // Nothing is awaited between these and the journal: whoever detaches all that there is finds it there, or it is refused here.
    mayAttach(container);
    this.#refuseSecond(network, inode, wanted);
    const asked: JournalEntry = {
      id: newId(),
      network: network.id,
      netns,
      netnsId: inode,
      interface: name,
      container,
      state: "asked",
      record: null,
      networkRecord: null,
    };
    return this.#alone(asked.id, () => {
      journal.write(asked);
      return this.#hold(asked, network, wanted);
    });
  }

  /** Does `work` when nobody else is at this endpoint, and keeps others from it meanwhile. */
  async #alone<T>(id: string, work: () => Promise<T>): Promise<T> {
    while (this.#busy.has(id)) await this.#busy.get(id)?.catch(() => {});
    const done = (async () => work())();
    this.#busy.set(id, done);
    try {
      return await done;
    } finally {
      this.#busy.delete(id);
    }
  }

  /** As Docker has it: one interface in a network. */
  #refuseSecond({ id, name }: NetworkRecord, inode: string, { netns, container, name: who }: Attachment): void {
    const entries = this.#options.journal.entries;
    const first = entries.find(({ network, netnsId, state }) => network === id && netnsId === inode && state !== "leaving");
    if (first) throw new OperationError(`${container === null ? netns : who} is in network ${name} already, by ${first.interface}`);
  }

  async #hold(asked: JournalEntry, network: NetworkRecord, wanted: Attachment): Promise<JournalEntry> {
    const { journal, managers, onEvent } = this.#options;
    const { ips, mac, aliases, container, netns, interface: name } = wanted;
    const request = {
      id: asked.id,
      network: network.id,
      name: wanted.name,
      aliases,
      container,
      ips,
      ...(mac === undefined ? {} : { mac }),
    };
    let record: EndpointRecord;
    try {
      record = await managers.do("endpoint.create", request);
    } catch (error) {
      // A refusal is certain; of anything else nobody knows what became.
      if (error instanceof StoreError) journal.write({ ...asked, state: "leaving" });
      else journal.remove(asked.id);
      throw error;
    }
    const held: JournalEntry = { ...asked, state: "held", record, networkRecord: network };
    journal.write(held);
    wire(held, this.#options.wiring.addLocal);
    try {
      await this.#options.wiring.flush();
    } catch (error) {
      // This agent is ending: the next one gives it back.
      journal.write({ ...held, state: "leaving" });
      throw error;
    }
    const obstacle = this.#options.wiring.obstacle(netns, name);
    if (obstacle !== null) {
      await this.#leave(held);
      throw new OperationError(obstacle);
    }
    onEvent("attached", held);
    return held;
  }

  /** Resolves when its interface is gone; its address is freed as soon as a manager answers. Done also when it is not there. */
  async detach(id: string): Promise<void> {
    await this.#alone(id, async () => {
      const entry = this.#options.journal.get(id);
      if (entry) await this.#leave(entry);
    });
  }

  /** All of a container's. What is being attached or detached (a container that ended while it is removed) is waited for. */
  detachAllOf(container: string): Promise<void> {
    return this.#detachEach((entry) => entry.container === container);
  }

  /** All of this host's, less what is only to be freed. */
  detachAll(): Promise<void> {
    return this.#detachEach((entry) => entry.state !== "leaving");
  }

  async #detachEach(isMeant: (entry: JournalEntry) => boolean): Promise<void> {
    for (const { id } of this.#options.journal.entries.filter(isMeant)) {
      const wasBusy = this.#busy.has(id);
      while (this.#busy.has(id)) await this.#busy.get(id)?.catch(() => {});
      const entry = this.#options.journal.get(id);
      if (entry?.state === "held") await this.detach(id);
      // It could not be freed when it was left, some time ago. Perhaps it can be now.
      else if (entry?.state === "leaving" && !wasBusy) await this.#alone(id, () => this.#free(entry));
    }
  }

  async #leave(entry: JournalEntry): Promise<void> {
    const { journal, wiring, onEvent } = this.#options;
    const leaving: JournalEntry = { ...entry, state: "leaving" };
    journal.write(leaving);
    wiring.removeLocal(entry.network, entry.id);
    await wiring.flush();
    await this.#free(leaving);
    onEvent("detached", leaving);
  }

  /** Frees what could not be freed when it was left, and lets go what is in namespaces that are gone. What cannot be done now is told, and left to the next. */
  async settle(): Promise<void> {
    const { journal, netnsId, onEvent } = this.#options;
    for (const { id } of journal.entries) {
      // As it is by now: settling those before it took its time.
      const entry = journal.get(id);
      if (!entry || this.#busy.has(id)) continue;
      if (entry.state !== "held") await this.#alone(id, () => this.#free(entry));
      else if (netnsId(entry.netns) !== entry.netnsId) {
        onEvent("lost", entry, "its network namespace is gone");
        await this.detach(id).catch((error) => onEvent("pending", entry, messageOf(error)));
      }
    }
  }

  /**
   * The store lost an endpoint of this host (a backup was restored): it is put back as it was, or given up when its address is another's now. Just after
   * a restore that other may be its own former self on another host, which lets it go: then it is tried again.
   */
  async restore(id: string): Promise<void> {
    if (!this.#busy.has(id)) await this.#alone(id, () => this.#restore(id));
  }

  async #restore(id: string): Promise<void> {
    const { journal, managers, onEvent } = this.#options;
    const entry = journal.get(id);
    if (entry?.state !== "held" || !entry.record) return;
    const { network, name, aliases, container, mac, addresses } = entry.record;
    const ips = addresses.map((cidr) => cidr.split("/")[0]);
    try {
      const record = await managers.do("endpoint.create", { id, network, name, aliases, container, ips, mac, isBack: true });
      journal.write({ ...entry, record });
      onEvent("restored", entry);
    } catch (error) {
      if (error instanceof StoreError || (await this.#restoring())) return;
      onEvent("lost", entry, messageOf(error));
      await this.#leave(entry);
    }
  }

  /** Whether hosts still put back what a backup did not have; also when that is not known. */
  async #restoring(): Promise<boolean> {
    const mark = await this.#options.store.get(RESTORING_KEY).catch(() => "unknown");
    return mark !== null;
  }

  /** Has a manager free the address; the entry stays until one has. */
  async #free(entry: JournalEntry): Promise<void> {
    const { journal, managers, onEvent } = this.#options;
    try {
      await managers.do("endpoint.remove", { id: entry.id, network: entry.network });
      journal.remove(entry.id);
    } catch (error) {
      onEvent("pending", entry, messageOf(error));
    }
  }

  /** The network as the store has it, by whatever the user called it. (`network.inspect` would read all its endpoints.) */
  async #network(reference: string): Promise<NetworkRecord> {
    const { store } = this.#options;
    const [byId, name] = await Promise.all([store.get(networkKey(reference)), store.get(networkNameKey(reference))]);
    const entry = byId ?? (await store.get(networkKey(name?.value ?? (await this.#idThatBegins(reference)))));
    if (entry === null) throw new OperationError(`network ${reference} not found`);
    return JSON.parse(entry.value) as NetworkRecord;
  }

  async #idThatBegins(beginning: string): Promise<string> {
    const networks = await this.#options.managers.do("network.ls", { filters: { id: [beginning] } });
    const ids = networks.map(({ Id }) => Id).filter((id) => id.startsWith(beginning));
    if (ids.length === 0) {
      const { refused } = await this.#options.managers.do("network.inspect", { names: [beginning] });
      throw new OperationError(refused[0]?.message ?? `network ${beginning} not found`);
    }
    if (ids.length > 1) throw new OperationError(`network ${beginning} is ambiguous: ${ids.length} ids begin so`);
    return ids[0];
  }
}

function wire({ record, networkRecord, netns, interface: name }: JournalEntry, addLocal: Wiring["addLocal"]): void {
  if (record && networkRecord) addLocal(networkRecord, { record, netns, interface: name });
}
