// Commands at random, asked for over agents' sockets: what users of a cluster do while its agents are killed.

import type { Member } from "../../../lab/cluster.ts";
import type { Random } from "../../oracle/random.ts";
import { api } from "./containers.ts";

/** The network that is never removed, and what those are called that are made here. */
export const STAYS = "blue";
const MADE = /^made-/;

export interface Command {
  what: string;
  /** Rejects when it was refused, or nobody knows what became of it. */
  done: Promise<unknown>;
  /** What must hold from then on, if it was answered well; nobody undoes it in the meantime. */
  holds: () => Promise<boolean>;
}

type Kind = (victim: Member) => Omit<Command, "holds"> & Partial<Command>;

export class Commands {
  readonly #random: Random;
  readonly #members: readonly Member[];
  /** A namespace of each host that is connected and disconnected. */
  readonly #namespaces: Readonly<Record<string, string>>;
  #networks: string[] = [];
  readonly #containers = new Map<Member, string[]>();
  #count = 0;

  constructor(random: Random, members: readonly Member[], namespaces: Readonly<Record<string, string>>) {
    this.#random = random;
    this.#members = members;
    this.#namespaces = namespaces;
  }

  /** Learns what there is: to be called when nothing is under way. */
  async look(): Promise<void> {
    const networks = await api(this.#members[0]).do("network.ls", { filters: {} });
    this.#networks = made(networks);
    for (const member of this.#members) this.#containers.set(member, made(await api(member).do("container.ls", { all: true })));
  }

  /** Different ones at once, those of one host asked of `victim`. */
  begin(victim: Member, count: number): Command[] {
    const kinds = [this.#run, this.#connect, this.#disconnect, this.#create, this.#prune, this.#rotate];
    if (this.#containers.get(victim)?.length) kinds.push(this.#rm);
    if (this.#networks.length > 0) kinds.push(this.#drop);
    const commands: Command[] = [];
    while (commands.length < count) {
      const [kind] = kinds.splice(this.#random.below(kinds.length), 1);
      commands.push({ holds: async () => true, ...kind.call(this, victim) });
    }
    for (const { done } of commands) done.catch(() => {});
    return commands;
  }

  #anyNetwork(): string {
    return this.#random.pick([STAYS, ...this.#networks]);
  }

  readonly #run: Kind = (victim) => {
    const name = `made-${this.#count++}`;
    const networks = [...new Set([this.#anyNetwork(), ...(this.#random.oneIn(3) ? [STAYS] : [])])];
    const done = api(victim).do("container.run", { name, networks, command: ["sleep", "600"] });
    return { what: `run ${name} in ${networks}`, done, holds: async () => (await stateOf(victim, name)) === "running" };
  };

  readonly #rm: Kind = (victim) => {
    const name = this.#random.pick(this.#containers.get(victim) ?? []);
    const done = api(victim)
      .do("container.rm", { names: [name], force: true })
      .then(refuse);
    return { what: `rm ${name}`, done, holds: async () => (await stateOf(victim, name)) === undefined };
  };

  readonly #connect: Kind = (victim) => {
    const [network, target] = [this.#anyNetwork(), `netns:${this.#namespaces[victim.host.name]}`];
    return { what: `connect ${network}`, done: api(victim).do("network.connect", { network, target }) };
  };

  readonly #disconnect: Kind = (victim) => {
    const [network, target] = [this.#anyNetwork(), `netns:${this.#namespaces[victim.host.name]}`];
    return { what: `disconnect ${network}`, done: api(victim).do("network.disconnect", { network, target }) };
  };

  readonly #create: Kind = () => {
    const member = this.#random.pick(this.#members);
    const name = `made-${this.#count++}`;
    const done = api(member).do("network.create", { Name: name, EnableIPv6: this.#random.oneIn(2) });
    return { what: `network create ${name} on ${member.host.name}`, done, holds: () => isThere(member, name) };
  };

  readonly #drop: Kind = () => {
    const member = this.#random.pick(this.#members);
    const name = this.#random.pick(this.#networks);
    const done = api(member)
      .do("network.rm", { names: [name] })
      .then(refuse);
    return { what: `network rm ${name} on ${member.host.name}`, done, holds: async () => !(await isThere(member, name)) };
  };

  /** Of its own, which nobody else uses, among others that stay. */
  readonly #prune: Kind = () => {
    const member = this.#random.pick(this.#members);
    const name = `made-${this.#count++}`;
    const ask = async () => {
      await api(member).do("network.create", { Name: name, Labels: { prune: name } });
      await api(member).do("network.prune", { filters: { label: [`prune=${name}`] } });
    };
    return { what: `network prune ${name} on ${member.host.name}`, done: ask(), holds: async () => !(await isThere(member, name)) };
  };

  readonly #rotate: Kind = () => {
    const [manager] = this.#members;
    const done = api(manager).do("token.show", { role: "worker", rotate: true });
    const holds = async () => (await api(manager).do("token.show", { role: "worker" })).token === (await done).token;
    return { what: "token rotate", done, holds };
  };
}

function made(resources: readonly { Name: string }[]): string[] {
  return resources.map(({ Name }) => Name).filter((name) => MADE.test(name));
}

function refuse({ refused }: { refused: { message: string }[] }): void {
  if (refused.length > 0) throw new Error(refused[0].message);
}

async function stateOf(member: Member, name: string): Promise<string | undefined> {
  const { found } = await api(member).do("container.inspect", { names: [name] });
  return found[0]?.State;
}

async function isThere(member: Member, network: string): Promise<boolean> {
  const { found } = await api(member).do("network.inspect", { names: [network] });
  return found.length > 0;
}
