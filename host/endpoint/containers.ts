// What is asked of this host about containers: run, ls, inspect, rm, wait, signal, logs. A container's process and namespace are host/sandbox's,
// its place in networks is endpoints.ts's; here the two are done in an order that leaves nothing when one of them fails. Main thread.

import type { Answer, ContainerResource, LogLine, Refused } from "../model/cluster/answers.ts";
import type { Checked } from "../model/cluster/operations.ts";
import { messageOf, UsageError } from "../model/errors.ts";
import type { Container, Containers } from "../sandbox/containers.ts";
import { resourceOf } from "../sandbox/resource.ts";
import type { Endpoints } from "./endpoints.ts";
import type { JournalEntry } from "./journal.ts";

export class ContainerOperations {
  readonly #containers: Containers;
  readonly #endpoints: Endpoints;
  readonly #onFailure: (container: string, why: string) => void;
  /** Have ended, and what they held is being given back. */
  readonly #ending = new Map<string, Promise<void>>();

  /** `onFailure`: what was to be done to a container by itself and could not; the next start tries again. */
  constructor(containers: Containers, endpoints: Endpoints, onFailure: (container: string, why: string) => void) {
    this.#containers = containers;
    this.#endpoints = endpoints;
    this.#onFailure = onFailure;
  }

  /** Takes up what the last agent left: to be called once, when endpoints can be detached. What runs is not touched. */
  async recover(): Promise<void> {
    const { ended, undo } = await this.#containers.recover();
    this.#containers.onExit((container) => {
      const id = container.record.id;
      this.#ending.set(
        id,
        this.#afterEnd(container).finally(() => this.#ending.delete(id)),
      );
    });
    for (const container of ended) await this.#afterEnd(container);
    for (const { record } of undo) {
      await this.#remove(record.id, true).catch((error) => this.#onFailure(record.name, messageOf(error)));
    }
  }

  async run(wanted: Checked<"container.run">): Promise<Answer<"container.run">> {
    const { networks, ips, mac, aliases, name: asked, command, environment, workingDirectory, labels } = wanted;
    if (networks.length > 1 && (ips.length > 0 || mac !== undefined))
      throw new UsageError("an address is of one network: run it with one, then weft network connect --ip … for the others");
    // Nothing is awaited between this and the record: who leaves finds it among those to remove.
    this.#endpoints.refuseGoing();
    const { record, netnsPath: netns } = await this.#containers.create({ name: asked, command, environment, workingDirectory, labels });
    const { id, name } = record;
    const addresses: string[] = [];
    try {
      for (const [i, network] of networks.entries()) {
        const place = { network, netns, interface: `eth${i}`, container: id, name, aliases, ips };
        const held = await this.#endpoints.attach({ ...place, ...(mac === undefined ? {} : { mac }) });
        addresses.push(...(held.record?.addresses ?? []).map((cidr) => cidr.split("/")[0]));
      }
      await this.#containers.start(id, addresses);
    } catch (error) {
      // What could not be given back now is settled later; the error that is on its way is the one to tell.
      await this.#remove(id, true).catch(() => {});
      throw error;
    }
    return { Id: id, Warnings: [] };
  }

  list({ all }: Checked<"container.ls">): ContainerResource[] {
    const containers = this.#containers.list().map((container) => this.#whole(container));
    return containers.filter(({ State }) => all || State === "running");
  }

  inspect({ names }: Checked<"container.inspect">): Answer<"container.inspect"> {
    const found: ContainerResource[] = [];
    const refused: Refused[] = [];
    for (const name of names) {
      try {
        found.push(this.get(name));
      } catch (error) {
        refused.push({ name, message: messageOf(error) });
      }
    }
    return { found, refused };
  }

  /** By name, id or unique beginning of an id. Throws OperationError. */
  get(reference: string): ContainerResource {
    return this.#whole(this.#containers.get(reference));
  }

  async remove({ names, force }: Checked<"container.rm">): Promise<Answer<"container.rm">> {
    const removed: string[] = [];
    const refused: Refused[] = [];
    for (const name of names) {
      try {
        await this.#remove(this.#containers.get(name).record.id, force);
        removed.push(name);
      } catch (error) {
        refused.push({ name, message: messageOf(error) });
      }
    }
    return { removed, refused };
  }

  /** Resolves when it has ended and holds nothing any more, as far as a manager answers: what it was in may be removed next. */
  async wait({ name }: Checked<"container.wait">, gone: AbortSignal): Promise<Answer<"container.wait">> {
    const { id } = this.#containers.get(name).record;
    const StatusCode = await this.#containers.wait(id, gone);
    await this.#ending.get(id);
    return { StatusCode };
  }

  signal({ name, signal }: Checked<"container.signal">): Answer<"container.signal"> {
    this.#containers.signal(this.#containers.get(name).record.id, signal);
    return {};
  }

  logs(reference: string, options: { follow: boolean; tail: number | null; gone: AbortSignal }): AsyncIterable<LogLine> {
    const { follow, tail, gone } = options;
    return this.#containers.logs(this.#containers.get(reference).record.id, { follow, tail, gone });
  }

  #remove(id: string, force: boolean): Promise<void> {
    return this.#containers.remove(id, { force, release: () => this.#endpoints.detachAllOf(id) });
  }

  /** One that has ended holds no addresses any more. */
  async #afterEnd({ record }: Container): Promise<void> {
    try {
      await this.#endpoints.detachAllOf(record.id);
      await this.#containers.discard(record.id);
    } catch (error) {
      // Somebody may have removed it meanwhile.
      if (this.#containers.has(record.id)) this.#onFailure(record.name, messageOf(error));
    }
  }

  #whole(container: Container): ContainerResource {
    const entries = this.#endpoints.all.filter((entry) => entry.container === container.record.id);
    return { ...resourceOf(container), Networks: Object.fromEntries(entries.flatMap(networkOf)) };
  }
}

function networkOf({ id, record, networkRecord, interface: name }: JournalEntry): [string, ContainerResource["Networks"][string]][] {
  if (!record || !networkRecord) return [];
  const { mac, addresses, aliases } = record;
  const network = { NetworkID: networkRecord.id, EndpointID: id, MacAddress: mac, Addresses: addresses, Aliases: aliases, Interface: name };
  return [[networkRecord.name, network]];
}
