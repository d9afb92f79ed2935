// A small cluster without agents: a store with members in it, and a manager over it, on a clock that the test sets.

import { type Caller, Manager } from "../../../host/manager/manager.ts";
import {
  ADDRESSES,
  aliveKey,
  CLUSTER_KEY,
  ENDPOINTS,
  MACS,
  MEMBERS_KEY,
  nodeKey,
  partsOf,
  reportKey,
  tokenKey,
} from "../../../host/model/cluster/keys.ts";
import type { Asked } from "../../../host/model/cluster/operations.ts";
import type { AddressRecord, ClusterRecord, EndpointRecord, NodeRecord, ReportRecord, Role } from "../../../host/model/cluster/records.ts";
import { Random } from "../../oracle/random.ts";
import { TestStore } from "./test-store.ts";

export const START = Date.parse("2026-01-01T00:00:00Z");
export const POOLS = [{ base: "10.0.0.0/8", size: 24 }];

export const nodeId = (name: string) => name.padEnd(25, "0");
export const endpointId = (number: number) => number.toString(16).padStart(64, "0");

export class TestCluster {
  clock = START;
  readonly random: Random;
  readonly store: TestStore;
  readonly manager: Manager;

  private constructor(random: Random) {
    this.random = random;
    this.store = new TestStore(
      () => this.clock,
      (bytes) => random.bytes(bytes),
    );
    this.manager = this.newManager();
  }

  /** Manager `a`, workers `b` and `c`, all alive, at 192.168.0.1 and so on. */
  static async make(random = new Random(), cluster: Partial<ClusterRecord> = {}): Promise<TestCluster> {
    const made = new TestCluster(random);
    const record: ClusterRecord = {
      id: nodeId("cluster"),
      createdAt: new Date(START).toISOString(),
      dataPort: 4789,
      pools: POOLS,
      ...cluster,
    };
    await made.put(CLUSTER_KEY, record);
    await made.put(MEMBERS_KEY, 0);
    for (const role of ["worker", "manager"]) await made.put(tokenKey(role), { secret: `${role}-secret` });
    await made.addNode("a", "192.168.0.1", "manager");
    await made.addNode("b", "192.168.0.2");
    await made.addNode("c", "192.168.0.3");
    return made;
  }

  /** One more manager over the same store. */
  newManager(): Manager {
    return new Manager({
      store: this.store,
      now: () => this.clock,
      random: (bytes) => this.random.bytes(bytes),
      tokenText: (role, secret) => `${role}:${secret}`,
    });
  }

  caller(node = "a", role: Role = node === "a" ? "manager" : "worker"): Caller {
    return { nodeId: nodeId(node), role };
  }

  async put(key: string, value: object | number | string): Promise<void> {
    await this.store.commit([], [{ put: key, value: typeof value === "string" ? value : JSON.stringify(value) }]);
  }

  async addNode(name: string, vtep: string, role: Role = "worker"): Promise<void> {
    const record: NodeRecord = {
      id: nodeId(name),
      name,
      role,
      availability: "active",
      vtep,
      manager: role === "manager" ? `${vtep}:2377` : null,
      joinedAt: new Date(START - 3_600_000).toISOString(),
      deadSince: null,
    };
    await this.put(nodeKey(record.id), record);
    await this.report(name, {});
    await this.live(name);
  }

  async live(name: string, incarnation = 1): Promise<void> {
    await this.put(aliveKey(nodeId(name)), { incarnation });
  }

  async die(name: string): Promise<void> {
    await this.store.commit([], [{ delete: aliveKey(nodeId(name)) }]);
  }

  async report(name: string, report: Partial<ReportRecord>): Promise<void> {
    await this.put(reportKey(nodeId(name)), { version: "0.1.0", incarnation: 1, underlayMtu: 1500, routes: [], ...report });
  }

  async network(name: string, input: Omit<Asked<"network.create">, "Name"> = {}): Promise<string> {
    return (await this.manager.ask(this.caller(), "network.create", { Name: name, ...input })).Id;
  }

  endpoint(number: number, input: Partial<Asked<"endpoint.create">> = {}, node = "a"): Promise<EndpointRecord> {
    const asked = { id: endpointId(number), network: "blue", name: `c${number}`, container: null, ...input };
    return this.manager.ask(this.caller(node), "endpoint.create", asked);
  }

  remove(number: number, node = "a", network = "blue"): Promise<object> {
    return this.manager.ask(this.caller(node), "endpoint.remove", { id: endpointId(number), network });
  }

  /** Endpoints, and addresses and MAC addresses with their owners, as the store has them. */
  contents() {
    const endpoints = this.store.peek(ENDPOINTS).map(({ value }) => JSON.parse(value) as EndpointRecord);
    const addresses = this.store.peek(ADDRESSES).map(({ key, value }) => {
      const [network, ip] = partsOf(key, ADDRESSES);
      return { network, ip, ...(JSON.parse(value) as AddressRecord) };
    });
    const macs = this.store.peek(MACS).map(({ key, value }) => {
      const [network, mac] = partsOf(key, MACS);
      return { network, mac, endpoint: value };
    });
    return { endpoints, addresses, macs };
  }
}
