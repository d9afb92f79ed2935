// `network connect` and `disconnect`: any network namespace, or a container of this host, gets one more interface or loses it. Main thread.

import type { Answer } from "../model/cluster/answers.ts";
import type { Checked } from "../model/cluster/operations.ts";
import { OperationError } from "../model/errors.ts";
import { freeInterface, isNetnsTarget, leadsTo, resolveTarget, targetPath } from "../sandbox/target.ts";
import type { ContainerOperations } from "./containers.ts";
import type { Endpoints } from "./endpoints.ts";
import type { JournalEntry } from "./journal.ts";

/** Of an endpoint's name (host/model/cluster/operations.ts). */
const NAME_CHARACTERS = 255;

interface Place {
  netns: string;
  container: string | null;
  name: string;
}

export class Connecting {
  readonly #endpoints: Endpoints;
  readonly #containers: Pick<ContainerOperations, "get">;
  /** By namespace: the one that is being connected now. Two at once would choose the same name for their interfaces. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(endpoints: Endpoints, containers: Pick<ContainerOperations, "get">) {
    this.#endpoints = endpoints;
    this.#containers = containers;
  }

  async connect(wanted: Checked<"network.connect">): Promise<Answer<"network.connect">> {
    const { netns } = this.#place(wanted.target);
    while (this.#turns.has(netns)) await this.#turns.get(netns)?.catch(() => {});
    const turn = this.#connect(wanted).finally(() => this.#turns.delete(netns));
    this.#turns.set(netns, turn);
    return turn;
  }

  async #connect({ network, target, ips, mac, aliases }: Checked<"network.connect">): Promise<Answer<"network.connect">> {
    const { netns, container, name } = this.#place(target);
    const promised = new Set(this.#endpoints.all.flatMap((entry) => (entry.netns === netns ? [entry.interface] : [])));
    const wanted = { network, netns, interface: await freeInterface(netns, promised), container, name, aliases, ips };
    const { id, record, interface: made } = await this.#endpoints.attach({ ...wanted, ...(mac === undefined ? {} : { mac }) });
    return { EndpointID: id, Interface: made, MacAddress: record?.mac ?? "", Addresses: record?.addresses ?? [] };
  }

  /** With `force` also from a namespace that is gone. Rejects with OperationError. */
  async disconnect({ network, target, force }: Checked<"network.disconnect">): Promise<Answer<"network.disconnect">> {
    const netns = force && isNetnsTarget(target) ? targetPath(target) : this.#place(target).netns;
    const there = this.#endpoints.all.filter((entry) => entry.netns === netns || leadsTo(netns, entry.netnsId));
    const id = networkAmong(there, network);
    if (id === null) {
      const others = there.map((entry) => entry.networkRecord?.name ?? entry.network);
      throw new OperationError(
        `${target} is not connected to network ${network}${others.length > 0 ? `, but to ${others.join(", ")}` : ""}`,
      );
    }
    for (const entry of there) if (entry.network === id) await this.#endpoints.detach(entry.id);
    return {};
  }

  #place(target: string): Place {
    // As it was typed: so those who ask on other hosts know which namespace it is.
    if (isNetnsTarget(target)) return { netns: resolveTarget(target), container: null, name: target.slice(0, NAME_CHARACTERS) };
    const { Id, Name, SandboxKey, State } = this.#containers.get(target);
    if (State !== "running") throw new OperationError(`container ${Name} is not running`);
    return { netns: SandboxKey, container: Id, name: Name };
  }
}

/** The id of the network that a person's word means, as managers read it: id, name, or the beginning of one id. None is asked: it works while none answers. */
function networkAmong(entries: readonly JournalEntry[], word: string): string | null {
  const exact = entries.find(({ network }) => network === word) ?? entries.find(({ networkRecord }) => networkRecord?.name === word);
  if (exact) return exact.network;
  const begun = [...new Set(entries.map(({ network }) => network).filter((id) => id.startsWith(word)))];
  if (begun.length > 1) throw new OperationError(`network ${word} is ambiguous: ${begun.length} ids begin so`);
  return begun[0] ?? null;
}
