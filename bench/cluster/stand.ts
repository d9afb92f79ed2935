// A cluster to be measured: real agents in namespaces on a bridge, one worker thread each, over one of the stores.

import { ApiClient } from "../../host/api/client.ts";
import { messageOf } from "../../host/model/errors.ts";
import { type Cluster, foundCluster, type Member } from "../../lab/cluster.ts";
import { Etcd } from "../../lab/etcd.ts";
import { Lab } from "../../lab/lab.ts";
import { relayMetrics } from "../../lab/metrics.ts";
import { type Host, underlay } from "../../lab/topology.ts";
import type { Access } from "./programs/client.ts";

/** What a manager stands on: `embedded`, or an etcd of one member or three, on the manager's host. */
export const STORES = ["embedded", "etcd", "etcd3"] as const;
export type StoreName = (typeof STORES)[number];

export const STORE_WORDS: Record<StoreName, string> = { embedded: "embedded", etcd: "etcd", etcd3: "etcd, three members" };

const MANAGER_PORT = 2377;
const METRICS = "127.0.0.1:9477";
/** Agents that are started at a time: more only wait for each other. */
const STARTING = 4;
const READY_MS = 120_000;
const TRIES = 3;
/** Characters of a failure that is not the last word. */
const SAID_MAX = 300;

export interface Stood {
  lab: Lab;
  cluster: Cluster;
  etcd: Etcd | null;
  members: Member[];
  manager: Member;
}

/** Opens a lab with a cluster of so many hosts; whoever asked closes the lab. `told`: what is being done. */
export async function standCluster(count: number, store: StoreName, told: (what: string) => void): Promise<Stood> {
  const lab = await Lab.open();
  try {
    const hosts = await underlay(
      lab,
      Array.from({ length: Math.max(count, 3) }, (_, index) => `h${index}`),
    );
    const etcd = store === "embedded" ? null : await startEtcd(lab, hosts[0], store);
    const flags = etcd ? ["--store", `etcd://${etcd.endpoints.join(",")}`] : [];
    const cluster = await foundCluster(hosts[0], { flags: ["--workers", "1"] }, flags);
    for (let at = 1; at < count; at += STARTING) {
      told(`${at} of ${count} agents run`);
      await Promise.all(hosts.slice(at, Math.min(count, at + STARTING)).map((host) => join(cluster, host)));
    }
    return { lab, cluster, etcd, members: cluster.members, manager: cluster.manager };
  } catch (error) {
    await lab.close().catch(() => {});
    throw error;
  }
}

/** Stands a cluster for as long as `work` takes, whatever comes of it. */
export async function withCluster<Result>(
  count: number,
  store: StoreName,
  told: (what: string) => void,
  work: (stood: Stood) => Promise<Result>,
): Promise<Result> {
  const stood = await standCluster(count, store, told);
  try {
    return await work(stood);
  } finally {
    await stood.lab.close();
  }
}

/** One more agent. */
async function join(cluster: Cluster, host: Host): Promise<void> {
  const member = await persistently(() => cluster.newMember(host));
  await persistently(() => member.start(READY_MS));
}

/** A machine on which so many start at once may be too busy for the first time. */
async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; tries < TRIES; tries++) {
    try {
      return await work();
    } catch (error) {
      console.error(`bench:cluster: ${messageOf(error).slice(0, SAID_MAX)}: tried again`);
    }
  }
  return work();
}

function startEtcd(lab: Lab, { netns }: Host, store: StoreName): Promise<Etcd> {
  return Etcd.start({ members: store === "etcd3" ? 3 : 1, inside: { lab, netns } });
}

export function apiOf({ socket }: Member): ApiClient {
  return new ApiClient(`unix://${socket}`);
}

/** Where this cluster's front is, with a member's certificate. */
export function accessOf({ manager }: Stood, member: Member = manager): Access {
  return { endpoints: [`${manager.host.ip4}:${MANAGER_PORT}`], stateDir: member.stateDir };
}

/** A network that is large enough for all there is; answers its id. */
export async function createNetwork({ manager }: Stood, name: string, subnet: string): Promise<string> {
  const { Id } = await apiOf(manager).do("network.create", { Name: name, IPAM: { Config: [{ Subnet: subnet }] } });
  return Id;
}

/** A namespace on a host, with an interface in the network. */
export async function attach(member: Member, network: string, netns: string): Promise<void> {
  await apiOf(member).do("network.connect", { network, target: `netns:${netns}` });
}

/** The metrics of each member through a relay that stays: scrapeRelay() reads it. */
export function relays(members: readonly Member[]): Promise<string[]> {
  return Promise.all(members.map(({ host }) => relayMetrics(host, METRICS)));
}
