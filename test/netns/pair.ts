// What most netns tests stand on: two hosts with one container each, and an overlay between them whose ends may be weft, Linux's vxlan device or
// Open vSwitch. `closePair` ends it; it first asks every agent for its books.

import { expect } from "vitest";
import { type Agent, type AgentOptions, type NetworkFile, portFor, startAgent } from "../../lab/agent.ts";
import { settledBooks } from "../../lab/books.ts";
import { Lab } from "../../lab/lab.ts";
import { linuxVtep } from "../../lab/linux-vtep.ts";
import { ovsVtep } from "../../lab/ovs-vtep.ts";
import { checksumErrors } from "../../lab/snmp.ts";
import { addressOf, type Container, container, type Family, type Host, routedUnderlay, underlay } from "../../lab/topology.ts";
import { ping } from "../../lab/traffic/ping.ts";
import { eventually } from "../../lab/wait.ts";

export { settledBooks };

export type Kind = "weft" | "linux" | "openvswitch";
export const VNI = 42;
export const NETWORK = "blue";

export interface PairOptions {
  left: Kind;
  right: Kind;
  family?: Family;
  mtu?: number;
  /** false: ethtool -K … tx off on the underlay's ends. */
  offloads?: boolean;
  /** A router between the hosts. */
  routed?: boolean;
  /** Words for the Linux ends. */
  flags?: readonly string[];
  /** What differs in the agents' networks, and in the agents. */
  network?: Partial<NetworkFile>;
  agent?: Partial<AgentOptions>;
}

export interface Pair {
  lab: Lab;
  hosts: [Host, Host];
  containers: [Container, Container];
  family: Family;
  agents: Agent[];
  router: string | null;
}

/** An agent for one host of a pair. */
export function pairAgent(host: Host, other: Host, containers: readonly Container[], options: PairOptions): Promise<Agent> {
  const family = options.family ?? 4;
  const ports = containers.map(portFor);
  const network: NetworkFile = { name: NETWORK, vni: VNI, peers: [addressOf(other, family)], ports, ...options.network };
  return startAgent(host, { family, ...options.agent, networks: [network] });
}

/** Makes one end; gives its agent, if it is weft's. */
async function standEnd(kind: Kind, pair: Pair, side: 0 | 1, options: PairOptions): Promise<Agent[]> {
  const [host, other, inside] = [pair.hosts[side], pair.hosts[1 - side], pair.containers[side]];
  const peers = [addressOf(other, pair.family)];
  if (kind === "weft") return [await pairAgent(host, other, [inside], options)];
  if (kind === "openvswitch") await (await ovsVtep(host, { vni: VNI, peers })).attach(inside);
  else {
    const overhead = pair.family === 4 ? 50 : 70;
    const mtu = options.network?.mtu ?? (options.mtu ?? 1500) - overhead;
    await (await linuxVtep(host, { vni: VNI, family: pair.family, peers, mtu, flags: options.flags })).attach(inside);
  }
  return [];
}

/** Makes the hosts, the containers and both ends, and waits until a ping goes through. Undoes everything when it fails. */
export async function openPair(options: PairOptions): Promise<Pair> {
  const lab = await Lab.open();
  try {
    let router: string | null = null;
    let hosts: [Host, Host];
    if (options.routed) {
      const [a, b, between] = await routedUnderlay(lab, options.mtu);
      [hosts, router] = [[a, b], between];
    } else hosts = (await underlay(lab, ["a", "b"], options)) as [Host, Host];
    const containers: [Container, Container] = [await container(lab, "left", 1), await container(lab, "right", 2)];
    const pair: Pair = { lab, hosts, containers, family: options.family ?? 4, agents: [], router };
    const ends = await Promise.all([standEnd(options.left, pair, 0, options), standEnd(options.right, pair, 1, options)]);
    pair.agents.push(...ends.flat());
    await reachable(containers[0], containers[1].ip4);
    await reachable(containers[0], containers[1].ip6);
    return pair;
  } catch (error) {
    await lab.close().catch(() => {});
    throw error;
  }
}

/** An agent on the first of two hosts, with one container; nothing on the second but its address: no traffic that a test did not make. */
export async function openAlone(network: (hosts: Host[], containers: Container[]) => Partial<NetworkFile>): Promise<Pair> {
  const lab = await Lab.open();
  try {
    const hosts = (await underlay(lab, ["a", "b"])) as [Host, Host];
    const containers: [Container, Container] = [await container(lab, "left", 1), await container(lab, "right", 2)];
    const options: PairOptions = { left: "weft", right: "weft", network: network(hosts, containers) };
    const agent = await pairAgent(hosts[0], hosts[1], [containers[0]], options);
    return { lab, hosts, containers, family: 4, agents: [agent], router: null };
  } catch (error) {
    await lab.close().catch(() => {});
    throw error;
  }
}

/** Waits until `address` answers `from`. */
export async function reachable(from: Container, address: string, timeoutMs = 20_000): Promise<void> {
  const probe = async () => (await ping(from.netns, address, { count: 1, waitSeconds: 1 })).received === 1;
  await eventually(`${from.name} to reach ${address}`, probe, timeoutMs);
}

/** Every frame is accounted for (design rule 9), in every network of every agent, and something was counted at all. */
export async function expectBalanced(agents: readonly Agent[]): Promise<void> {
  const all = await Promise.all(agents.map(async (agent) => ({ agent, ...(await settledBooks(agent)) })));
  for (const { agent, networks } of all) {
    expect(Object.keys(networks), `networks in the metrics of host ${agent.host.name}`).toContain(NETWORK);
    for (const [name, book] of Object.entries(networks)) {
      expect(book.went, `host ${agent.host.name}, network "${name}": ${JSON.stringify(book)}`).toBe(book.came);
    }
  }
}

/** Nobody's stack found a wrong checksum, the agents' books balance; then everything goes. */
export async function closePair(pair: Pair | undefined): Promise<void> {
  if (!pair) return;
  try {
    for (const { name, netns } of pair.containers) expect(await checksumErrors(netns), `wrong checksums seen by container ${name}`).toBe(0);
    await expectBalanced(pair.agents.filter((agent) => agent.daemon.exit === null));
  } finally {
    await pair.lab.close();
  }
}
