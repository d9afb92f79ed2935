// A weft agent in a host of the lab: `bin/weft agent --config FILE` inside the host's network namespace, its configuration written from an
// object, its client commands and metrics at hand.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { attempt, type CommandResult } from "./command.ts";
import type { Daemon, Exit } from "./daemon.ts";
import { parseMetrics, type Sample, scrape } from "./metrics.ts";
import { addressOf, type Container, type Family, type Host } from "./topology.ts";

export const WEFT = fileURLToPath(new URL("../bin/weft", import.meta.url));
const METRICS = "127.0.0.1:9477";
const READY = /^weft ready.*$/m;
const READY_MS = 30_000;

/** A network as the configuration file has it (design section 3); only what differs from the defaults is given. */
export interface NetworkFile {
  name: string;
  vni: number;
  ports: PortFile[];
  peers?: string[];
  mtu?: number;
  learning?: boolean;
  allowUnlistedSources?: boolean;
  ignoreReservedBits?: boolean;
  allowVlanTags?: boolean;
  tos?: number | "inherit";
  ttl?: number | "inherit";
  ageing?: number;
  fdb?: { mac: string; vtep: string }[];
  neighbors?: { ip: string; mac: string }[];
}

export interface PortFile {
  netns: string;
  interface: string;
  address: string | string[];
  mac: string;
}

export interface AgentFile {
  node: { name: string; vtep: string; dataPort?: number };
  workers?: number;
  backend?: "native" | "dgram";
  injection?: "auto" | "on" | "off";
  zeroChecksum6?: boolean;
  spin?: number;
  metrics?: string;
  socket: string;
  fdbCapacity?: number;
  networks: NetworkFile[];
}

export interface AgentOptions {
  family?: Family;
  workers?: number;
  backend?: "native" | "dgram";
  injection?: "auto" | "on" | "off";
  zeroChecksum6?: boolean;
  spin?: number;
  environment?: Record<string, string>;
  networks: NetworkFile[];
}

/** The port that gives a container its eth0. */
export function portFor(container: Container): PortFile {
  return { netns: container.netns, interface: "eth0", address: container.cidrs, mac: container.mac };
}

/** A configuration for a host: its VTEP address in the asked family, a socket in the lab's directory. */
export function agentFile(host: Host, options: AgentOptions): AgentFile {
  const { workers, backend, injection, zeroChecksum6, spin, networks } = options;
  return {
    node: { name: host.name, vtep: addressOf(host, options.family ?? 4) },
    ...(workers === undefined ? {} : { workers }),
    ...(backend === undefined ? {} : { backend }),
    ...(injection === undefined ? {} : { injection }),
    ...(zeroChecksum6 === undefined ? {} : { zeroChecksum6 }),
    ...(spin === undefined ? {} : { spin }),
    metrics: METRICS,
    socket: join(host.lab.directory, `${host.name}.sock`),
    networks,
  };
}

/** Writes a configuration file of the lab and gives its path. */
export function writeConfig(host: Host, file: unknown, name = `${host.name}.yaml`): string {
  const path = join(host.lab.directory, name);
  writeFileSync(path, typeof file === "string" ? file : stringify(file));
  return path;
}

export class Agent {
  readonly host: Host;
  readonly file: AgentFile;
  readonly daemon: Daemon;

  constructor(host: Host, file: AgentFile, daemon: Daemon) {
    this.host = host;
    this.file = file;
    this.daemon = daemon;
  }

  get pid(): number {
    return this.daemon.pid;
  }

  /** SIGTERM; the agent removes what it made. */
  stop(): Promise<Exit> {
    return this.daemon.stop();
  }

  /** kill -9: what it made stays for a successor. */
  kill(): Promise<Exit> {
    return this.daemon.kill();
  }

  /** A client command, such as `weft fdb show`, against this agent's socket. */
  client(...words: string[]): Promise<CommandResult> {
    return attempt([WEFT, ...words, "--host", `unix://${this.file.socket}`]);
  }

  /** The same with --format json, parsed. */
  async show<Row>(what: "fdb" | "neighbor" | "vtep"): Promise<Row[]> {
    const result = await this.client(what, "show", "--format", "json");
    if (result.code !== 0) throw new Error(`weft ${what} show: exit ${result.code}: ${result.stderr.trim()}`);
    return JSON.parse(result.stdout) as Row[];
  }

  async metrics(): Promise<Sample[]> {
    return parseMetrics(await this.metricsText());
  }

  metricsText(): Promise<string> {
    return scrape(this.host.netns, this.file.metrics ?? METRICS);
  }
}

/** Starts an agent without waiting for it to serve: for configurations that are refused. */
export function spawnAgent(host: Host, config: string, environment: Record<string, string> = {}): Daemon {
  return host.lab.spawn([WEFT, "agent", "--config", config], { netns: host.netns, name: `weft agent ${host.name}`, environment });
}

/** Starts an agent and waits for its `weft ready` line. It is stopped in order when the lab closes. */
export async function startAgent(host: Host, options: AgentOptions): Promise<Agent> {
  const file = agentFile(host, options);
  const daemon = spawnAgent(host, writeConfig(host, file), options.environment);
  const agent = new Agent(host, file, daemon);
  host.lab.defer(async () => {
    if (!daemon.exit) await daemon.stop();
  });
  await daemon.waitFor(READY, "stdout", READY_MS);
  return agent;
}
