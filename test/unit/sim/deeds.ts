// What a schedule can do: each deed is what a person, a kernel or a cable does, to whichever host or sandbox its numbers point at by then. A deed may fail in
// the ways in which the product says that it may, and in no other.

import type { ManagerOperation } from "../../../host/model/cluster/operations.ts";
import { StoreError } from "../../../host/model/cluster/store.ts";
import { OperationError, UsageError } from "../../../host/model/errors.ts";
import type { Agent } from "./agent.ts";
import { ETCD } from "./front.ts";
import type { Host, Sandbox } from "./host.ts";
import type { World } from "./world.ts";

export const KINDS = [
  "networkCreate",
  "networkRemove",
  "networkAgain",
  "run",
  "runAsked",
  "remove",
  "sandboxGone",
  "move",
  "kill",
  "restart",
  "reboot",
  "setClock",
  "cut",
  "cutStore",
  "isolate",
  "drain",
  "nodeRemove",
  "leave",
  "join",
  "day",
  "compact",
  "backup",
  "restore",
] as const;
export type Kind = (typeof KINDS)[number];

export interface Deed {
  atMs: number;
  kind: Kind;
  /** What it is done to and how, each taken modulo what there is. */
  a: number;
  b: number;
  c: number;
  /** What befalls those who do it while they do. */
  ambush?: Ambush;
}

export interface Ambush {
  what: "kill" | "cut" | "compact";
  /** The host that is asked, or a manager. */
  whom: "asked" | "manager";
  afterMs: number;
  b: number;
  c: number;
}

const NAMES = ["blue", "red", "green"];
const RETRIES = 12;
const HOUR_MS = 3_600_000;
const CLOCKS_MS = [0, 0, -HOUR_MS, HOUR_MS];

class AgentGone extends Error {}

export class Deeds {
  readonly #world: World;
  readonly #heal = new Set<() => void>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Begins it; what takes longer goes on by itself. */
  begin(deed: Deed): void {
    const { time } = this.#world;
    this.#world.trace(`deed ${JSON.stringify(deed)}`);
    const { ambush } = deed;
    if (ambush) time.after(ambush.afterMs, () => this.#ambush(deed, ambush));
    this[deed.kind](deed).catch((error: unknown) => {
      if (isExpected(error)) this.#world.trace(`deed ${deed.kind} failed: ${(error as Error).message}`);
      else time.fail(error);
    });
  }

  #ambush({ a }: Deed, { what, whom, b, c }: Ambush): void {
    const { hosts } = this.#world;
    const victim = whom === "asked" ? this.#host(a) : this.#manager(b);
    const deed = { atMs: 0, a: hosts.indexOf(victim), b, c };
    if (what === "kill") this.begin({ ...deed, kind: "kill" });
    else this.begin({ ...deed, kind: "cut" });
    // What is not heard meanwhile is forgotten when it could be heard again.
    if (what === "compact") this.#world.time.after(this.#cutMs(b) - 1, () => this.#world.backend.compact());
  }

  /** Every cable is whole again. */
  heal(): void {
    for (const heal of [...this.#heal]) heal();
    this.#heal.clear();
  }

  async networkCreate({ a, b, c }: Deed): Promise<void> {
    const subnets = [[], [], ["10.0.0.64/26"], ["10.0.1.0/27"], ["10.0.1.0/28", "10.0.2.0/28"]];
    const subnet = subnets[c % subnets.length];
    await this.#ask(this.#host(a), "network.create", {
      Name: NAMES[b % NAMES.length],
      EnableIPv6: c % 7 === 0,
      IPAM: { Config: subnet.map((Subnet) => ({ Subnet })) },
    });
  }

  async networkRemove({ a, b, c }: Deed): Promise<void> {
    const name = this.#networkName(b);
    const { forces, mirror } = this.#world;
    const found = [...mirror.networks.values()].find((network) => network.name === name);
    if (c % 2 === 0 && found) forces.networks.add(found.id);
    await this.#ask(this.#host(a), "network.rm", { names: [name], force: c % 2 === 0 });
  }

  /** Emptied, removed and made again by the same name, and somebody is in it at once. */
  async networkAgain({ a, b, c }: Deed): Promise<void> {
    const name = this.#networkName(b);
    const there = this.#world.hosts.flatMap(({ sandboxes }) => sandboxes).filter(({ has }) => has && this.#nameOf(has.network) === name);
    await Promise.all(there.map((sandbox) => expected(this.#remove(sandbox, c))));
    await this.networkRemove({ atMs: 0, kind: "networkRemove", a, b, c });
    await this.#ask(this.#host(a), "network.create", { Name: name });
    await this.#run(this.#host(c), name, "run", {});
  }

  async run({ a, b, c }: Deed): Promise<void> {
    await this.#run(this.#host(a), this.#networkName(b), c % 3 === 0 ? "connect" : "run", {});
  }

  /** `--ip`, perhaps somebody's, perhaps `--mac` too. */
  async runAsked({ a, b, c }: Deed): Promise<void> {
    const { mirror } = this.#world;
    const network = this.#networkName(b);
    const record = [...mirror.networks.values()].find(({ name }) => name === network);
    const ip = record ? record.subnets[0].subnet.replace(/\d+\/\d+$/, (end) => String(Number.parseInt(end, 10) + 2 + (c % 5))) : "10.0.0.5";
    const mac = c % 4 === 0 ? { mac: `02:00:00:00:00:0${c % 3}` } : {};
    await this.#run(this.#host(a), network, "run", { ips: [ip], ...mac });
  }

  async remove({ a, c }: Deed): Promise<void> {
    const sandbox = this.#sandbox(a);
    if (sandbox) await this.#remove(sandbox, c);
  }

  /** Its processes ended, or `ip netns del`. */
  async sandboxGone({ a }: Deed): Promise<void> {
    const sandbox = this.#sandbox(a);
    if (sandbox) sandbox.host.destroy(sandbox);
  }

  /** The same address and MAC address on another host: removed first, asked for first, or both at once. */
  async move({ a, b, c }: Deed): Promise<void> {
    const sandbox = this.#sandbox(a);
    if (!sandbox?.has) return;
    const { network, ip, mac } = sandbox.has;
    const to = this.#host(b);
    const again = async () => {
      for (let tries = 0; tries < RETRIES; tries++) {
        if (await expected(this.#run(to, network, "run", { ips: [ip], mac }))) return;
        await this.#world.time.sleep(20 + 60 * tries);
      }
    };
    if (c % 3 === 0) {
      await this.#remove(sandbox, 0);
      await again();
    } else {
      const running = again();
      await this.#world.time.sleep(c % 3 === 1 ? 0 : c % 50);
      await expected(this.#remove(sandbox, 0));
      await running;
    }
  }

  /** kill -9; systemd, or a person, starts it again some time later. */
  async kill({ a, b }: Deed): Promise<void> {
    const host = this.#host(a);
    this.#world.kill(host);
    this.#world.time.after(isLong(b) ? 1000 + 10 * b : 100 + (b % 500), () => this.#world.start(host));
  }

  /** SIGTERM. */
  async restart({ a, b }: Deed): Promise<void> {
    const host = this.#host(a);
    const { agent } = host;
    if (!agent) return;
    agent.proc.onEnd(() => this.#world.time.after(b % 3000, () => this.#world.start(host)));
    if (agent.ready) await this.#in(agent, () => agent.stop());
    else agent.kill();
  }

  /** A host loses its power: what ran there is gone, and perhaps what its journal had last. */
  async reboot({ a, b, c }: Deed): Promise<void> {
    const host = this.#host(a);
    this.#world.kill(host);
    for (const sandbox of [...host.sandboxes]) host.destroy(sandbox);
    if (c % 2 === 0) host.loseJournal(b);
    this.#world.time.after(1000 + 10 * b, () => this.#world.start(host));
  }

  /** Its clock is set, rightly or wrongly. */
  async setClock({ a, c }: Deed): Promise<void> {
    this.#host(a).setClock(CLOCKS_MS[c % CLOCKS_MS.length]);
  }

  /** A host hears no manager: nothing goes through, or only questions do, or only answers. */
  async cut({ a, b, c }: Deed): Promise<void> {
    const host = this.#host(a);
    for (const { name } of this.#world.managers()) {
      if (c % 3 !== 1) this.#cut(host.name, name, b);
      if (c % 3 !== 2) this.#cut(name, host.name, b);
    }
  }

  /** A manager and its etcd do not hear each other, or one does not hear the other. */
  async cutStore({ a, b, c }: Deed): Promise<void> {
    const managers = this.#world.managers();
    if (managers.length === 0) return;
    const { name } = managers[a % managers.length];
    if (c % 3 !== 1) this.#cut(name, ETCD, b);
    if (c % 3 !== 2) this.#cut(ETCD, name, b);
  }

  /** Nobody hears a host any more, or it hears nobody, or neither; it may be a manager, which then has no etcd either. */
  async isolate({ a, b, c }: Deed): Promise<void> {
    const host = this.#host(a);
    for (const other of [ETCD, ...this.#world.hosts.map(({ name }) => name)]) {
      if (c % 3 !== 1) this.#cut(host.name, other, b);
      if (c % 3 !== 2) this.#cut(other, host.name, b);
    }
  }

  async drain({ a, b, c }: Deed): Promise<void> {
    await this.#ask(this.#manager(a), "node.drain", { name: this.#host(b).id, active: c % 2 === 0 });
  }

  async nodeRemove({ a, b, c }: Deed): Promise<void> {
    const host = this.#host(b);
    if (host.role === "manager") return;
    this.#world.forces.nodes.add(host.id);
    await this.#ask(this.#manager(a), "node.rm", { names: [host.id], force: c % 2 === 0 });
  }

  async leave({ a, c }: Deed): Promise<void> {
    const host = this.#host(a);
    if (host.role === "manager") return;
    const agent = this.#ready(host);
    this.#world.forces.nodes.add(host.id);
    await this.#in(agent, () => agent.leave(c % 2 === 0));
  }

  async join({ a }: Deed): Promise<void> {
    const gone = this.#world.hosts.filter(({ membership }) => membership !== "member");
    if (gone.length > 0) await this.#world.join(gone[a % gone.length]);
  }

  async day(): Promise<void> {
    this.#world.day();
  }

  async compact(): Promise<void> {
    this.#world.backend.compact();
  }

  async backup(): Promise<void> {
    await this.#world.backup();
  }

  async restore(): Promise<void> {
    await this.#world.restore();
  }

  async #run(host: Host, network: string, kind: Sandbox["kind"], more: { ips?: string[]; mac?: string }): Promise<boolean> {
    const agent = this.#ready(host);
    const sandbox = host.newSandbox(kind);
    const wanted = { network, netns: sandbox.path, interface: "eth0", container: null, name: "", aliases: [], ips: [], ...more };
    try {
      const { record } = await this.#in(agent, () => agent.local.endpoints.attach(wanted));
      if (record && (sandbox.state as string) !== "gone") {
        sandbox.state = "made";
        sandbox.has = { endpoint: record.id, network: record.network, ip: record.addresses[0].split("/")[0], mac: record.mac };
      }
      return true;
    } catch (error) {
      // An agent that was killed has not told what became of it: the next one clears it away, or the user does not know.
      if (error instanceof AgentGone) {
        if (kind === "connect" && sandbox.state === "making") sandbox.state = "made";
      } else host.destroy(sandbox);
      throw error;
    }
  }

  async #remove(sandbox: Sandbox, how: number): Promise<void> {
    const { host, path } = sandbox;
    const agent = this.#ready(host);
    if (sandbox.state !== "made") return;
    sandbox.state = "removing";
    sandbox.has = null;
    const entries = agent.local.endpoints.all.filter(({ netns }) => netns === path);
    const detaching = this.#in(agent, async () => {
      for (const { id } of entries) await agent.local.endpoints.detach(id);
    });
    // `disconnect` leaves the namespace to its owner, who may be faster.
    if (sandbox.kind === "connect" && how % 2 === 0) host.destroy(sandbox);
    await detaching.catch((error: unknown) => {
      if (sandbox.kind === "connect" && sandbox.state !== "gone") sandbox.state = "made";
      throw error;
    });
    if ((sandbox.state as string) !== "gone") host.destroy(sandbox);
  }

  #cut(from: string, to: string, b: number): void {
    if (from === to) return;
    const heal = this.#world.network.cut(from, to);
    this.#heal.add(heal);
    this.#world.time.after(this.#cutMs(b), heal);
  }

  #cutMs(b: number): number {
    return isLong(b) ? 2000 + 14 * b : 50 + b;
  }

  #ask(host: Host, operation: ManagerOperation, input: object): Promise<unknown> {
    const agent = this.#ready(host);
    return this.#in(agent, () => agent.client.do(operation, input as never));
  }

  /** A command that an agent carries out; it fails when the agent ends first. */
  #in<T>(agent: Agent, work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const forget = agent.proc.onEnd(() => reject(new AgentGone(`${agent.proc.name} ended`)));
      agent.proc.run(work).then(resolve, reject).finally(forget);
    });
  }

  #ready(host: Host): Agent {
    if (!host.agent?.ready) throw new AgentGone(`no agent on ${host.name}`);
    return host.agent;
  }

  #host(number: number): Host {
    const { hosts } = this.#world;
    return hosts[number % hosts.length];
  }

  #manager(number: number): Host {
    const managers = this.#world.managers();
    return managers[number % managers.length];
  }

  #sandbox(number: number): Sandbox | undefined {
    const made = this.#world.hosts.flatMap(({ sandboxes }) => sandboxes.filter(({ state }) => state === "made"));
    return made[number % Math.max(1, made.length)];
  }

  #nameOf(network: string): string | undefined {
    return this.#world.mirror.networks.get(network)?.name;
  }

  #networkName(number: number): string {
    const names = [...this.#world.mirror.networks.values()].map(({ name }) => name);
    return names.length > 0 ? names[number % names.length] : NAMES[number % NAMES.length];
  }
}

/** Longer than a lease, or soon over. */
function isLong(number: number): boolean {
  return number % 4 === 0;
}

/** What it answers; undefined when it failed in a way in which it may. */
async function expected<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!isExpected(error)) throw error;
    return undefined;
  }
}

function isExpected(error: unknown): boolean {
  return error instanceof OperationError || error instanceof UsageError || error instanceof StoreError || error instanceof AgentGone;
}
