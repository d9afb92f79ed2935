// A data plane on loopback: sockets, tables and workers as an agent has them, no TAPs and no root. Addresses 127.0.0.2 and up stand for other hosts.

import { randomInt } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataPlane } from "../../../host/control/dataplane.ts";
import { desiredOf } from "../../../host/control/desired.ts";
import { Forwarding } from "../../../host/control/forwarding.ts";
import type { NetworkConfig, StaticConfig } from "../../../host/model/config.ts";
import { OperationError } from "../../../host/model/errors.ts";
import { underlayMtu } from "../../../host/model/mtu.ts";
import type { WorkerFailure } from "../../../host/worker/pool.ts";
import { eventually } from "../../../lab/wait.ts";

export const OWN = "127.0.0.1";
const TRIES = 20;
const UNDERLAY = underlayMtu(1500);

export function networkConfig(change: Partial<NetworkConfig> = {}): NetworkConfig {
  return {
    name: "blue",
    vni: 42,
    mtu: null,
    learning: true,
    allowUnlistedSources: false,
    ignoreReservedBits: false,
    allowVlanTags: false,
    tos: "inherit",
    ttl: "inherit",
    ageingSeconds: 300,
    peers: [],
    fdb: [],
    neighbors: [],
    ports: [],
    ...change,
  };
}

export function staticConfig(networks: NetworkConfig[], change: Partial<StaticConfig> = {}): StaticConfig {
  const node = { name: "a", vtep: OWN, dataPort: randomInt(20_000, 30_000) };
  return {
    node,
    workers: 1,
    backend: "native",
    injection: "off",
    spin: 0,
    zeroChecksum6: false,
    pinWorkers: false,
    metrics: null,
    socket: "/nowhere/weft.sock",
    fdbCapacity: 1024,
    networks,
    ...change,
  };
}

export class LoopbackPlane {
  readonly config: StaticConfig;
  readonly plane: DataPlane;
  readonly forwarding: Forwarding;
  readonly failures: WorkerFailure[];
  readonly #directory = mkdtempSync(join(tmpdir(), "weft-plane-"));
  /** File of the interfaces that there are. */
  readonly record = join(this.#directory, "ports.json");
  readonly #senders = new Map<string, Socket>();

  private constructor(config: StaticConfig, plane: DataPlane, failures: WorkerFailure[]) {
    this.config = config;
    this.plane = plane;
    this.failures = failures;
    this.forwarding = new Forwarding({
      plane,
      node: config.node,
      underlayMtu: UNDERLAY,
      fdbCapacity: config.fdbCapacity,
      record: this.record,
      log: () => {},
      onLeftover: () => {},
    });
  }

  /** On a data port that nobody has. Networks are as the file has them; ports cannot be had without root, and are only known of. */
  static async open(networks: NetworkConfig[], change: Partial<StaticConfig> = {}): Promise<LoopbackPlane> {
    const open = LoopbackPlane.bare(networks, change);
    const { failures } = await open.forwarding.apply(desiredOf(open.config), "all");
    const failure = failures.find((line) => !line.startsWith("port "));
    if (failure === undefined) return open;
    await open.close();
    throw new OperationError(failure);
  }

  /** The same with nothing applied yet. */
  static bare(networks: NetworkConfig[] = [], change: Partial<StaticConfig> = {}): LoopbackPlane {
    for (let tries = 1; ; tries++) {
      const config = staticConfig(networks, change);
      const failures: WorkerFailure[] = [];
      let plane: DataPlane | undefined;
      try {
        plane = new DataPlane(config, (failure) => failures.push(failure));
        return new LoopbackPlane(config, plane, failures);
      } catch (error) {
        void plane?.close();
        if (!(error instanceof OperationError) || !error.message.includes("in use") || tries === TRIES) throw error;
      }
    }
  }

  /** Starts the workers. */
  async start(): Promise<void> {
    await this.plane.start();
  }

  /** Sends datagrams to the data port from another host's address. */
  async send(from: string, payloads: readonly Uint8Array[]): Promise<void> {
    let socket = this.#senders.get(from);
    if (!socket) {
      socket = createSocket("udp4");
      this.#senders.set(from, socket);
      const listening = once(socket, "listening");
      socket.bind(0, from);
      await listening;
    }
    for (const payload of payloads) {
      await new Promise<void>((resolve, reject) => {
        socket.send(payload, this.config.node.dataPort, OWN, (error) => (error ? reject(error) : resolve()));
      });
    }
  }

  /** Waits until `probe` holds. */
  until(what: string, probe: () => boolean): Promise<true> {
    return eventually(what, probe);
  }

  async close(): Promise<void> {
    for (const socket of this.#senders.values()) socket.close();
    await this.plane.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
