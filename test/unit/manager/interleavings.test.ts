// Random requests of several nodes to two managers over one store, their calls mixed in random order, some of them cut off: at every moment no
// address and no MAC address has two owners, and when all is removed nothing is left.

import { expect, test } from "vitest";
import type { Manager } from "../../../host/manager/manager.ts";
import { ADDRESSES, ENDPOINTS, MACS, NETWORK_NAMES, NETWORKS, nodeKey, VNIS } from "../../../host/model/cluster/keys.ts";
import { StoreError } from "../../../host/model/cluster/store.ts";
import { OperationError, UsageError } from "../../../host/model/errors.ts";
import { Random, seed } from "../../oracle/random.ts";
import { endpointId, nodeId, TestCluster } from "./cluster.ts";
import { expectConsistent } from "./invariants.ts";

const ROUNDS = 60;
const REQUESTS_AT_ONCE = 12;
const NETWORKS_TRIED = ["blue", "red"];
const NODES_TRIED = ["a", "b", "c"];

class Schedule {
  readonly cluster: TestCluster;
  readonly random: Random;
  readonly managers: Manager[];
  #ids = 0;
  /** What was made and may be removed, or moved. */
  readonly made: { id: number; node: string; network: string; ip: string; mac: string }[] = [];

  constructor(cluster: TestCluster, random: Random) {
    this.cluster = cluster;
    this.random = random;
    this.managers = [cluster.manager, cluster.newManager()];
  }

  get manager(): Manager {
    return this.random.pick(this.managers);
  }

  /** One random request of one node. */
  request(): Promise<unknown> {
    const { random, cluster } = this;
    const kind = random.below(20);
    if (kind < 8) return this.create({});
    if (kind < 10) return this.create({ ips: [`10.1.0.${random.below(16)}`] });
    if (kind < 14) return this.remove();
    if (kind < 16) return this.move();
    if (kind === 16)
      return this.manager.ask(cluster.caller("b"), "network.rm", { names: [random.pick(NETWORKS_TRIED)], force: random.oneIn(2) });
    if (kind === 17) return this.network(random.pick(NETWORKS_TRIED));
    if (kind === 18) return this.manager.ask(cluster.caller(), "node.drain", { name: random.pick(NODES_TRIED), active: !random.oneIn(3) });
    return this.manager.ask(cluster.caller(), "node.rm", { names: [random.pick(["b", "c"])], force: true });
  }

  async network(name: string): Promise<void> {
    const subnet = `10.${1 + NETWORKS_TRIED.indexOf(name)}.0.0/28`;
    await this.manager.ask(this.cluster.caller(), "network.create", {
      Name: name,
      EnableIPv6: name === "red",
      IPAM: { Config: [{ Subnet: subnet }] },
    });
  }

  async create(input: { ips?: string[]; mac?: string }, network = this.random.pick(NETWORKS_TRIED)): Promise<void> {
    const id = this.#ids++;
    const node = this.random.pick(NODES_TRIED);
    const asked = { id: endpointId(id), network, name: `c${id}`, container: null, ...input };
    const { addresses, mac } = await this.manager.ask(this.cluster.caller(node), "endpoint.create", asked);
    this.made.push({ id, node, network, ip: addresses[0].split("/")[0], mac });
  }

  async remove(): Promise<void> {
    if (this.made.length === 0) return;
    const { id, node, network } = this.random.pick(this.made);
    await this.manager.ask(this.cluster.caller(node), "endpoint.remove", { id: endpointId(id), network });
  }

  /** The same address and MAC address on another node, at once. */
  async move(): Promise<void> {
    if (this.made.length === 0) return;
    const { id, node, network, ip, mac } = this.random.pick(this.made);
    await this.manager.ask(this.cluster.caller(node), "endpoint.remove", { id: endpointId(id), network });
    await this.create({ ips: [ip], mac }, network);
  }

  /** Several requests, mixed; what fails must fail in one of the ways that are said. */
  async round(): Promise<void> {
    const { random, cluster } = this;
    cluster.store.pause = async () => {
      for (let turns = random.below(4); turns > 0; turns--) await Promise.resolve();
    };
    if (random.oneIn(4)) cluster.store.nextCommitFails = random.pick(["before", "after"]);
    const answers = await Promise.allSettled(Array.from({ length: random.between(1, REQUESTS_AT_ONCE) }, () => this.request()));
    for (const answer of answers) {
      if (answer.status === "fulfilled") continue;
      const { reason } = answer;
      expect(reason instanceof OperationError || reason instanceof UsageError || reason instanceof StoreError, String(reason?.stack)).toBe(
        true,
      );
    }
    cluster.store.pause = async () => undefined;
    cluster.store.nextCommitFails = null;
    expectConsistent(cluster);
    cluster.clock += random.pick([0, 1_000, 30_000, 70_000]);
    for (const [index, name] of ["b", "c"].entries()) {
      if ((await cluster.store.get(nodeKey(nodeId(name)))) === null) await cluster.addNode(name, `192.168.0.${2 + index}`);
    }
  }
}

test.each([seed, seed + 1, seed + 2, seed + 3])("schedule %i", async (from) => {
  const random = new Random(from);
  const cluster = await TestCluster.make(random);
  const schedule = new Schedule(cluster, random);
  for (const name of NETWORKS_TRIED) await schedule.network(name);
  for (let round = 0; round < ROUNDS; round++) await schedule.round();
  expect(schedule.made.length).toBeGreaterThan(20);

  for (const { id, node, network } of schedule.made) {
    await cluster.manager.ask(cluster.caller(node), "endpoint.remove", { id: endpointId(id), network });
  }
  // Made, and the answer lost.
  const { endpoints } = cluster.contents();
  for (const { id, network } of endpoints) await cluster.manager.ask(cluster.caller(), "endpoint.remove", { id, network });
  cluster.clock += 66_000;
  for (const prefix of [ENDPOINTS, ADDRESSES, MACS]) expect(cluster.store.peek(prefix)).toEqual([]);
  await cluster.manager.ask(cluster.caller(), "network.prune", {});
  for (const prefix of [NETWORKS, NETWORK_NAMES, VNIS]) expect(cluster.store.peek(prefix)).toEqual([]);
});

test("an endpoint in a large network costs as many calls of the store as one in a small one, and none that reads many", async () => {
  const cluster = await TestCluster.make();
  await cluster.network("blue", { IPAM: { Config: [{ Subnet: "10.0.0.0/16" }] } });
  const calls: string[] = [];
  for (const method of ["get", "list", "commit"] as const) {
    const real = cluster.store[method].bind(cluster.store) as (...given: unknown[]) => Promise<unknown>;
    const counted = (...given: unknown[]) => {
      calls.push(method);
      return real(...given);
    };
    Object.assign(cluster.store, { [method]: counted });
  }
  const counts: string[] = [];
  for (let number = 0; number < 600; number++) {
    await cluster.store.settled();
    calls.length = 0;
    await cluster.endpoint(number, {}, "b");
    counts.push(calls.sort().join(" "));
  }
  expect(new Set(counts)).toEqual(new Set(["commit get get get get get get"]));
});
