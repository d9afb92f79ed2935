// A host's endpoints against a real manager over a store in memory, with the view and the follower that an agent has, and no data path: what it would be
// told to forward is looked at instead.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Attachment, Endpoints, type EndpointsOptions } from "../../../host/endpoint/endpoints.ts";
import { Journal } from "../../../host/endpoint/journal.ts";
import { Strays, type StraysOptions } from "../../../host/endpoint/strays.ts";
import { ClusterView } from "../../../host/follow/cluster-view.ts";
import { Follower } from "../../../host/follow/follower.ts";
import type { ManagerOperation } from "../../../host/model/cluster/operations.ts";
import { StoreError } from "../../../host/model/cluster/store.ts";
import { OperationError } from "../../../host/model/errors.ts";
import { endpointId, nodeId, TestCluster } from "../manager/cluster.ts";

export class EndpointWorld {
  readonly cluster: TestCluster;
  readonly directory: string;
  readonly events: string[] = [];
  /** Namespaces that there are: path → inode. */
  readonly namespaces = new Map<string, string>([
    ["/run/netns/x", "1"],
    ["/run/netns/y", "2"],
  ]);
  /** What ports cannot be made, by `netns/interface`. */
  readonly obstacles = new Map<string, string>();
  /** Containers that are on their way out. */
  readonly going = new Set<string>();
  /** What happens to the next question to a manager: it is lost on its way there, or its answer is. */
  nextIsLost: "question" | "answer" | null = null;
  view!: ClusterView;
  follower!: Follower;
  endpoints!: Endpoints;
  journal!: Journal;
  strays!: Strays;
  #count = 0;

  private constructor(cluster: TestCluster) {
    this.cluster = cluster;
    this.directory = mkdtempSync(join(tmpdir(), "weft-endpoints-"));
    this.start();
  }

  static async make(): Promise<EndpointWorld> {
    const cluster = await TestCluster.make();
    await cluster.network("blue");
    return new EndpointWorld(cluster);
  }

  /** An agent's start: on what the last one wrote. */
  start(): void {
    this.view = new ClusterView(nodeId("b"));
    this.journal = new Journal(this.directory);
    this.follower = new Follower({
      store: this.cluster.store,
      view: this.view,
      onChange: async () => {
        this.view.takeDirty();
      },
      onFailure: (error) => this.events.push(`failed: ${error}`),
      onEndpoint: () => {},
      onBadRecord: (key, why) => this.events.push(`bad ${key}: ${why}`),
      onConnection: () => {},
    });
    const ask: EndpointsOptions["managers"]["do"] = async (name, input) => {
      const lost = this.nextIsLost;
      this.nextIsLost = null;
      if (lost === "question") throw new StoreError("unavailable", "no manager answers");
      const answer = await this.cluster.manager.ask(this.cluster.caller("b"), name as ManagerOperation, input as never);
      if (lost === "answer") throw new StoreError("unavailable", "no manager answers");
      return answer as never;
    };
    const { journal, view } = this;
    const onLost: StraysOptions["onLost"] = ({ id, name }) => this.events.push(`lost: ${id} of ${name}`);
    this.strays = new Strays({ journal, store: this.cluster.store, managers: { do: ask }, view, onLost });
    this.endpoints = new Endpoints({
      journal,
      store: this.cluster.store,
      managers: { do: ask },
      wiring: {
        addLocal: (network, endpoint) => this.follower.addLocal(network, endpoint),
        removeLocal: (network, endpoint) => this.follower.removeLocal(network, endpoint),
        flush: () => this.follower.flush(),
        obstacle: (netns, name) => this.obstacles.get(`${netns}/${name}`) ?? null,
      },
      newId: () => endpointId(1000 + this.#count++),
      mayAttach: (container) => {
        if (container !== null && this.going.has(container)) throw new OperationError(`container ${container} is being removed`);
      },
      netnsId: (path) => this.namespaces.get(path) ?? null,
      onEvent: (event, _entry, detail) => this.events.push(detail === undefined ? event : `${event}: ${detail}`),
    });
  }

  attach(netns = "/run/netns/x", more: Partial<Attachment> = {}) {
    const plain = { network: "blue", interface: "eth0", container: null, name: "", aliases: [], ips: [] };
    return this.endpoints.attach({ ...plain, netns, ...more });
  }

  /** Interfaces that this host shall have. */
  ports(): string[] {
    return [...this.view.desired.values()].flatMap(({ ports }) => [...ports.keys()]);
  }

  async close(): Promise<void> {
    await this.follower.close();
    this.cluster.store.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
