// A real etcd on loopback, one member or several: the judge of what weft's own store does, and what it may stand on. Data in a temporary
// folder that goes with it.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Daemon } from "./daemon.ts";
import type { Lab } from "./lab.ts";
import { freePorts } from "./ports.ts";

export interface EtcdOptions {
  members?: number;
  /** Where it runs, on that namespace's loopback, and what ends it at the latest. */
  inside?: { lab: Lab; netns: string };
  /** Of files; clients need a certificate of the same CA. */
  tls?: { ca: string; cert: string; key: string };
}

interface Member {
  name: string;
  client: number;
  peer: number;
  daemon: Daemon | null;
}

/** A beat between members, and how long without before another leads. */
const HEARTBEAT_MS = 50;
const ELECTION_MS = 500;

export class Etcd {
  readonly #folder: string;
  readonly #members: Member[];
  readonly #tls: EtcdOptions["tls"];
  readonly #inside: EtcdOptions["inside"];

  private constructor(members: Member[], { tls, inside }: EtcdOptions) {
    this.#members = members;
    this.#tls = tls;
    this.#inside = inside;
    this.#folder = inside ? mkdtempSync(join(inside.lab.directory, "etcd-")) : mkdtempSync(join(tmpdir(), "weft-etcd-"));
  }

  /** Ready when every member answers. */
  static async start({ members = 1, ...options }: EtcdOptions = {}): Promise<Etcd> {
    const ports = await freePorts(members * 2);
    const list = Array.from({ length: members }, (_, n) => ({ name: `m${n}`, client: ports[2 * n], peer: ports[2 * n + 1], daemon: null }));
    const etcd = new Etcd(list, options);
    options.inside?.lab.defer(() => etcd.stop());
    try {
      for (let n = 0; n < members; n++) etcd.#spawn(n);
      await Promise.all(list.map((_, n) => etcd.#ready(n)));
      return etcd;
    } catch (error) {
      await etcd.stop();
      throw error;
    }
  }

  /** HOST:PORT of each member for clients. */
  get endpoints(): string[] {
    return this.#members.map(({ client }) => `127.0.0.1:${client}`);
  }

  #spawn(at: number): void {
    const { name, client, peer } = this.#members[at];
    const scheme = this.#tls ? "https" : "http";
    const tls = this.#tls
      ? [`--trusted-ca-file=${this.#tls.ca}`, `--cert-file=${this.#tls.cert}`, `--key-file=${this.#tls.key}`, "--client-cert-auth"]
      : [];
    const argv = [
      "etcd",
      `--name=${name}`,
      `--data-dir=${join(this.#folder, name)}`,
      `--listen-client-urls=${scheme}://127.0.0.1:${client}`,
      `--advertise-client-urls=${scheme}://127.0.0.1:${client}`,
      `--listen-peer-urls=http://127.0.0.1:${peer}`,
      `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
      `--initial-cluster=${this.#members.map((member) => `${member.name}=http://127.0.0.1:${member.peer}`).join(",")}`,
      `--initial-cluster-token=${this.#folder}`,
      `--heartbeat-interval=${HEARTBEAT_MS}`,
      `--election-timeout=${ELECTION_MS}`,
      "--logger=zap",
      "--log-outputs=stderr",
      ...tls,
    ];
    const { lab, netns } = this.#inside ?? {};
    this.#members[at].daemon = lab ? lab.spawn(argv, { netns }) : new Daemon(argv);
  }

  /** Of each member's process. */
  get pids(): number[] {
    return this.#members.flatMap(({ daemon }) => daemon?.pid ?? []);
  }

  async #ready(at: number): Promise<void> {
    const { daemon } = this.#members[at];
    await daemon?.waitFor(/serving (insecure )?client requests|ready to serve client requests|serving client traffic/, "stderr", 30_000);
  }

  /** SIGKILL to one member. */
  async kill(member: number): Promise<void> {
    await this.#members[member].daemon?.kill();
  }

  /** A member that was killed comes back with what it had. */
  async restart(member: number): Promise<void> {
    this.#spawn(member);
    await this.#ready(member);
  }

  /** SIGSTOP: alive to the kernel, silent to everybody. */
  freeze(member: number): void {
    this.#members[member].daemon?.signal("SIGSTOP");
  }

  thaw(member: number): void {
    this.#members[member].daemon?.signal("SIGCONT");
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map(({ daemon }) => daemon?.kill()));
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
