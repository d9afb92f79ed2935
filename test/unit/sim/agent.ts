// A member's process, put together as host/agent/member/start.ts does it, of the same parts: journal, endpoints, follower, view, overlay, upkeep, and on a
// manager the front. In the place of the data path are maps (tables.ts), in that of the connection is the simulated network (client.ts); probes are left out.

import { join } from "node:path";
import type { Logger } from "pino";
import { knowCluster } from "../../../host/agent/member/known-cluster.ts";
import { KnownNodes } from "../../../host/agent/member/known-nodes.ts";
import { leaveCluster } from "../../../host/agent/member/leave.ts";
import { LocalEndpoints } from "../../../host/agent/member/local-endpoints.ts";
import { ManagerClock } from "../../../host/agent/member/manager-clock.ts";
import { Overlay, type OverlayParts } from "../../../host/agent/member/overlay.ts";
import { NODES_FILE } from "../../../host/agent/member/state-files.ts";
import { startUpkeep, type UpkeepParts } from "../../../host/agent/member/upkeep.ts";
import { systemClock } from "../../../host/cluster/clock.ts";
import type { StateDir } from "../../../host/cluster/state-dir.ts";
import { ClusterView } from "../../../host/follow/cluster-view.ts";
import type { Desired } from "../../../host/model/forwarding.ts";
import { SimClient } from "./client.ts";
import { Front } from "./front.ts";
import type { Host } from "./host.ts";
import { ModelForwarding } from "./tables.ts";
import { Proc } from "./virtual.ts";
import type { World } from "./world.ts";

const SYNC_MS = 10_000;
const PLAN_MS = 1000;
/** An action of an apply waits for the kernel: most for next to nothing, some for others that hold its locks. */
const PAUSE_ONE_IN = 3;
const PAUSE_MS = 2;
const LONG_PAUSE_ONE_IN = 15;
const LONG_PAUSE_MS = 60;
const FAR_FUTURE_MS = 8e14;

const NO_PROBES = {
  onChange: () => {},
  onReached: () => {},
  setPeers: () => {},
  doubt: () => {},
  reachable: () => new Set<string>(),
};

export class Agent {
  readonly proc: Proc;
  readonly client: SimClient;
  readonly front: Front | null;
  readonly forwarding: ModelForwarding;
  readonly view: ClusterView;
  readonly overlay: Overlay;
  readonly local: LocalEndpoints;
  /** It serves commands. */
  ready = false;
  readonly #world: World;
  readonly #host: Host;
  readonly #cluster: { id: string; managers: string[] };
  #planning = false;
  #stopUpkeep: (() => Promise<void>) | null = null;

  constructor(world: World, host: Host) {
    this.#world = world;
    this.#host = host;
    this.proc = new Proc(host.name, host.skewMs);
    this.#cluster = { id: world.clusterId, managers: world.managers().map(({ front }) => front as string) };
    const { time, network, backend, random, watches } = world;
    const { proc } = this;
    this.client = new SimClient({
      time,
      network,
      backend,
      proc,
      host: { name: host.name, id: host.id, role: host.role },
      managers: () => (host.role === "manager" ? [host.name] : this.#cluster.managers.map((address) => world.hostAt(address).name)),
      frontOf: (name) => world.host(name).agent?.front ?? null,
      watches,
    });
    const parts = {
      time,
      network,
      backend,
      random,
      proc,
      host,
      client: this.client,
      embedded: world.embedded,
      monotonic: () => world.monotonic,
    };
    if (host.role === "manager" && world.embedded) backend.start();
    this.front = proc.run(() => (host.role === "manager" ? new Front(parts) : null));
    const pause = async () => {
      if (random.oneIn(LONG_PAUSE_ONE_IN)) await time.sleep(random.below(LONG_PAUSE_MS));
      else if (random.oneIn(PAUSE_ONE_IN)) await time.sleep(random.below(PAUSE_MS));
    };
    this.forwarding = new ModelForwarding(host, pause, (actions) =>
      time.fail(`drift on ${host.name}: ${actions.map((action) => JSON.stringify(action)).join("; ")}`),
    );
    this.view = new ClusterView(host.id, structuredClone(host.lastPlan));
    const knownNodes = new KnownNodes(join(host.directory, NODES_FILE), (why) => time.fail(why));
    this.view.setNodes(knownNodes.read());
    const log = world.logger(host.name) as unknown as Logger;
    const path = host.directory;
    const managerClock = new ManagerClock();
    this.overlay = proc.run(
      () =>
        new Overlay({
          view: this.view,
          forwarding: this.forwarding,
          prober: NO_PROBES,
          knownNodes,
          clock: managerClock,
          lastPlan: { save: (desired: Desired) => this.#keep(desired), again: () => {} },
          log,
        } as unknown as OverlayParts),
    );
    const state = this.#state(path);
    this.local = proc.run(() => new LocalEndpoints({ state, client: this.client, view: this.view, overlay: this.overlay, log }));
    proc.run(() => this.#start(state, managerClock, log)).catch((error: unknown) => this.#startFailed(error));
  }

  /** `weft leave`. */
  async leave(force: boolean): Promise<void> {
    const { client, local } = this;
    const log = this.#world.logger(this.#host.name) as unknown as Logger;
    await leaveCluster({ input: { force }, client, local, state: this.#state(this.#host.directory), log });
    await this.stop();
    this.#host.forget();
  }

  /** SIGTERM: what was begun is ended, interfaces stay. */
  async stop(): Promise<void> {
    this.ready = false;
    await this.#stopUpkeep?.();
    await this.local.stop();
    await this.forwarding.settled();
    this.client.close();
    this.#end();
  }

  /** SIGKILL. */
  kill(): void {
    this.#end();
  }

  #end(): void {
    if (!this.proc.alive) return;
    this.ready = false;
    this.proc.kill();
    if (this.front && this.#world.embedded) this.#world.backend.stop();
    if (this.#host.agent === this) this.#host.agent = null;
  }

  async #start(state: StateDir, managerClock: ManagerClock, log: Logger): Promise<void> {
    const host = this.#host;
    const { client, view, overlay, local, proc } = this;
    host.incarnation++;
    const { degraded: unconfirmed } = await knowCluster(client, host.directory);
    local.resume();
    await overlay.begin();
    const degraded = await unconfirmed;
    await local.follow(degraded === null ? SYNC_MS : 0);
    await local.recover();
    await this.#recoverSandboxes();
    const parts = {
      client,
      identity: { facts: () => ({ notBefore: 0, notAfter: FAR_FUTURE_MS }), renew: async () => {} },
      state,
      node: { id: host.id, name: host.name, incarnation: host.incarnation },
      vtep: host.vtep,
      manager: host.front,
      cluster: this.#cluster,
      overlay,
      local,
      view,
      clock: systemClock,
      managerClock,
      routes: async () => this.#world.routesOf(host),
      underlayMtu: async () => 1500,
      hostChanged: () => true,
      log,
      onRemoved: () => {
        if (this.#host.leaving) return;
        this.#host.membership = "removed";
        proc.run(() => void this.stop());
      },
    } as unknown as UpkeepParts;
    this.#stopUpkeep = startUpkeep(parts);
    this.ready = true;
  }

  /** systemd starts it again; one that was removed stays away. */
  #startFailed(error: unknown): void {
    this.#world.trace(`${this.#host.name}: start failed: ${error}`);
    if (String(error).includes("was removed")) this.#host.membership = "removed";
    this.#end();
    this.#world.startSoon(this.#host);
  }

  /** What host/sandbox/containers.ts does: one half made or half removed is cleared away. */
  async #recoverSandboxes(): Promise<void> {
    for (const sandbox of [...this.#host.sandboxes]) {
      if (sandbox.kind !== "run" || sandbox.state === "made") continue;
      for (const { id, netns } of this.local.endpoints.all) if (netns === sandbox.path) await this.local.endpoints.detach(id);
      this.#host.destroy(sandbox);
    }
  }

  /** As host/control/last-plan.ts: at most once a second. */
  #keep(desired: Desired): void {
    if (this.#planning) return;
    this.#planning = true;
    this.#world.time.after(
      PLAN_MS,
      () => {
        this.#planning = false;
        this.#host.lastPlan = structuredClone(desired);
      },
      this.proc,
    );
  }

  #state(path: string): StateDir {
    const host = this.#host;
    const forget = () => {
      host.membership = "left";
      host.leaving = false;
    };
    const writeNode = ({ leaving }: { leaving?: boolean }) => {
      host.leaving = leaving === true;
    };
    return { path, node: () => ({ leaving: host.leaving }), writeNode, forget } as unknown as StateDir;
  }
}
