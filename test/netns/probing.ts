// Hosts whose agents probe each other (programs/prober.ts), each with one container on a common network.

import { fileURLToPath } from "node:url";
import { type AgentOptions, agentFile, portFor, writeConfig } from "../../lab/agent.ts";
import { type Books, books } from "../../lab/books.ts";
import { ipBatch, run } from "../../lab/command.ts";
import type { Daemon } from "../../lab/daemon.ts";
import type { Lab } from "../../lab/lab.ts";
import { parseMetrics, scrape } from "../../lab/metrics.ts";
import { addressOf, type Container, container, type Family, type Host, setSysctl } from "../../lab/topology.ts";
import { ping } from "../../lab/traffic/ping.ts";
import { eventually } from "../../lab/wait.ts";
import { NETWORK, VNI } from "./pair.ts";
import type { ProberArgument, ProberState } from "./programs/prober.ts";

const PROGRAM = fileURLToPath(new URL("./programs/prober.ts", import.meta.url));
const KEY = "5a".repeat(32);
const TABLE = "weft_test";

/** A node's id in these tests. */
export function idOf(host: Host): string {
  return host.name.padStart(25, "0");
}

export type ProbingOptions = Pick<AgentOptions, "family" | "injection">;

export class Probing {
  readonly host: Host;
  readonly inside: Container;
  readonly daemon: Daemon;
  readonly #metrics: string;
  #asked = 0;

  private constructor(host: Host, inside: Container, daemon: Daemon, metrics: string) {
    this.host = host;
    this.inside = inside;
    this.daemon = daemon;
    this.#metrics = metrics;
  }

  /** Starts one on each host, and waits until each reaches all. Flooded frames are few: every container knows where the others are. */
  static async all(lab: Lab, hosts: readonly Host[], options: ProbingOptions = {}): Promise<Probing[]> {
    const insides: Container[] = [];
    for (const [i, { name }] of hosts.entries()) {
      const inside = await container(lab, `in${name}`, i + 1);
      // Drops are counted to the frame: no stack may ask for a router meanwhile, nor whether its neighbours are still there.
      await setSysctl(inside.netns, "net.ipv6.conf.default.router_solicitations", "0");
      insides.push(inside);
    }
    const begun = hosts.map((host, i) => Probing.#start(host, insides, i, hosts, options));
    const all = await Promise.all(begun);
    const known = insides.map(({ ip4, mac }) => `neighbor replace ${ip4} lladdr ${mac} dev eth0 nud permanent`);
    for (const [i, { netns }] of insides.entries()) await ipBatch(known.toSpliced(i, 1), netns);
    for (const one of all) await one.until("all peers to be reachable", ({ peers }) => peers.every(({ state }) => state === "reachable"));
    return all;
  }

  static async #start(
    host: Host,
    insides: readonly Container[],
    index: number,
    hosts: readonly Host[],
    options: ProbingOptions,
  ): Promise<Probing> {
    const { family = 4, injection } = options;
    const elsewhere = hosts.flatMap((other, i) => (other === host ? [] : [{ vtep: addressOf(other, family), inside: insides[i] }]));
    const network = {
      name: NETWORK,
      vni: VNI,
      learning: false,
      peers: elsewhere.map(({ vtep }) => vtep),
      fdb: elsewhere.map(({ vtep, inside }) => ({ vtep, mac: inside.mac })),
      neighbors: elsewhere.flatMap(({ inside: { ip4, ip6, mac } }) => [
        { ip: ip4, mac },
        { ip: ip6, mac },
      ]),
      ports: [portFor(insides[index])],
    };
    const file = agentFile(host, { family, injection, networks: [network] });
    const others = hosts.filter((other) => other !== host).map((other) => nodeOf(other, family));
    const argument: ProberArgument = { nodeId: idOf(host), others, key: KEY };
    const argv = [process.execPath, "--disable-warning=ExperimentalWarning", PROGRAM, writeConfig(host, file), JSON.stringify(argument)];
    const daemon = host.lab.spawn(argv, { netns: host.netns, name: `prober ${host.name}`, input: "pipe" });
    const one = new Probing(host, insides[index], daemon, file.metrics as string);
    host.lab.defer(() => one.stop());
    await daemon.waitFor(/^prober ready$/m, "stdout", 30_000);
    return one;
  }

  /** `blockMs`: for so long its main thread does nothing at all, before it answers. */
  async state(blockMs?: number): Promise<ProberState> {
    const id = ++this.#asked;
    this.daemon.input.write(blockMs === undefined ? `${id}\n` : `${id} ${blockMs}\n`);
    const [, json] = await this.daemon.waitFor(new RegExp(`^${id} (.*)$`, "m"));
    return JSON.parse(json) as ProberState;
  }

  /** Waits for what the prober knows; gives how long it took, in ms. */
  async until(what: string, holds: (state: ProberState) => boolean, timeoutMs = 20_000): Promise<number> {
    const began = performance.now();
    await eventually(`${what} (${this.daemon.name})`, async () => holds(await this.state()), timeoutMs);
    return performance.now() - began;
  }

  async books(): Promise<Books> {
    return books(parseMetrics(await scrape(this.host.netns, this.#metrics)));
  }

  /** Frames of the containers' network that were dropped because of a suspicion. */
  async suspendedFrames(): Promise<number> {
    return (await this.books()).networks[NETWORK].dropped.vtep_suspended ?? 0;
  }

  async reaches(other: Probing): Promise<boolean> {
    return (await ping(this.inside.netns, other.inside.ip4, { count: 1, waitSeconds: 1 })).received === 1;
  }

  async stop(): Promise<void> {
    if (!this.daemon.exit) this.daemon.input.end();
    await this.daemon.exited;
  }
}

function nodeOf(host: Host, family: Family): ProberArgument["others"][number] {
  return { nodeId: idOf(host), name: host.name, vtep: addressOf(host, family) };
}

/** What a namespace does with packets, in nft's words, until clear(). */
export class Filter {
  readonly #netns: string;

  constructor(netns: string) {
    this.#netns = netns;
  }

  /** Drops VXLAN that comes in, of all hosts or those that `match` names. */
  dropIncoming(match = ""): Promise<void> {
    return this.set("input", `${match} udp dport 4789 drop`);
  }

  async set(hook: "input" | "output" | "forward", rule: string): Promise<void> {
    const chain = `type filter hook ${hook} priority 0; policy accept;`;
    const input = `add table inet ${TABLE}\nadd chain inet ${TABLE} ${hook} { ${chain} }\nadd rule inet ${TABLE} ${hook} ${rule}\n`;
    await run(["nft", "-f", "-"], { netns: this.#netns, input });
  }

  async clear(): Promise<void> {
    await run(["nft", "delete", "table", "inet", TABLE], { netns: this.#netns });
  }
}
