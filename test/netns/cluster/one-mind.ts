// Whether the cluster's state and its hosts are of one mind: every address has one owner that is there, every endpoint has its interface, and
// nothing is left over on either side. The state is read by etcd's own client, with a manager's certificate.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ApiClient } from "../../../host/api/client.ts";
import { ADDRESSES, ENDPOINTS, MACS, NETWORK_NAMES, NETWORKS, NODES, ROOT, VNIS } from "../../../host/model/cluster/keys.ts";
import type { AddressRecord, EndpointRecord, NetworkRecord, NodeRecord } from "../../../host/model/cluster/records.ts";
import type { Member } from "../../../lab/cluster.ts";
import { run } from "../../../lab/command.ts";
import { eventually } from "../../../lab/wait.ts";

const STATE_TIMEOUT_MS = 20_000;

export interface State {
  endpoints: EndpointRecord[];
  /** By `NETWORK/IP`; `leased`: it ends by itself. */
  addresses: Map<string, AddressRecord & { leased: boolean }>;
  /** Endpoint by `NETWORK/MAC`. */
  macs: Map<string, string>;
  networks: NetworkRecord[];
  names: Map<string, string>;
  vnis: Map<string, string>;
  nodes: NodeRecord[];
}

interface Answer {
  kvs?: { key: string; value: string; lease?: number }[];
}

export async function readState(manager: Member): Promise<State> {
  const file = (name: string) => join(manager.stateDir, name);
  const tls = [`--cacert=${file("ca.pem")}`, `--cert=${file("cert.pem")}`, `--key=${file("key.pem")}`];
  const argv = ["etcdctl", `--endpoints=${manager.host.ip4}:2377`, ...tls, "get", "--prefix", ROOT, "--write-out=json"];
  const { kvs = [] } = JSON.parse(await run(["env", "ETCDCTL_API=3", ...argv], { netns: manager.host.netns })) as Answer;
  const text = (base64: string) => Buffer.from(base64, "base64").toString();
  const all = kvs.map(({ key, value, lease = 0 }) => ({ key: text(key), value: text(value), leased: lease !== 0 }));
  const under = (prefix: string) => all.filter(({ key }) => key.startsWith(prefix));
  const records = <T>(prefix: string) => under(prefix).map(({ value }) => JSON.parse(value) as T);
  const texts = (prefix: string) => new Map(under(prefix).map(({ key, value }) => [key.slice(prefix.length), value]));
  return {
    endpoints: records(ENDPOINTS),
    addresses: new Map(under(ADDRESSES).map(({ key, value, leased }) => [key.slice(ADDRESSES.length), { ...JSON.parse(value), leased }])),
    macs: texts(MACS),
    networks: records(NETWORKS),
    names: texts(NETWORK_NAMES),
    vnis: texts(VNIS),
    nodes: records(NODES),
  };
}

/** What is wrong within the state; empty when nothing is. */
export function quarrels({ endpoints, addresses, macs, networks, names, vnis, nodes }: State): string[] {
  const wrong: string[] = [];
  const holds = new Map<string, string>();
  const there = new Set(endpoints.map(({ id }) => id));
  for (const { id, network, node, mac, addresses: cidrs } of endpoints) {
    const ips = cidrs.map((cidr) => `${network}/${cidr.split("/")[0]}`);
    for (const ip of ips) {
      if (holds.has(ip)) wrong.push(`address ${ip} is that of endpoints ${holds.get(ip)} and ${id}`);
      holds.set(ip, id);
      if (addresses.get(ip)?.endpoint !== id) wrong.push(`address ${ip} of endpoint ${id} is not its own`);
      if (addresses.get(ip)?.leased) wrong.push(`address ${ip} of endpoint ${id} hangs on a lease`);
    }
    if (macs.get(`${network}/${mac}`) !== id) wrong.push(`MAC address ${mac} of endpoint ${id} is not its own`);
    if (!nodes.some((record) => record.id === node)) wrong.push(`endpoint ${id} is on node ${node}, which is none`);
    if (!networks.some((record) => record.id === network)) wrong.push(`endpoint ${id} is in network ${network}, which is none`);
  }
  for (const [ip, { endpoint, leased }] of addresses) {
    if (endpoint === null ? !leased : holds.get(ip) !== endpoint) wrong.push(`address ${ip} is leaked (endpoint ${endpoint})`);
  }
  for (const [mac, endpoint] of macs) if (!there.has(endpoint)) wrong.push(`MAC address ${mac} is leaked (endpoint ${endpoint})`);
  for (const [what, map] of Object.entries({ name: names, VNI: vnis })) {
    const ids = [...map.values()].sort().join();
    const want = networks.map(({ id }) => id).sort();
    if (ids !== want.join()) wrong.push(`networks are ${want}, by ${what} they are ${ids}`);
  }
  return wrong;
}

interface JournalFile {
  id: string;
  state: string;
  netns: string;
  interface: string;
}

interface LinkRow {
  ifname: string;
  address: string;
  ifalias?: string;
  addr_info: { local: string; prefixlen: number; scope: string }[];
}

/** What is wrong between the state and a host whose agent runs. `namespaces`: paths of others that its endpoints may be in. */
export async function misfits({ endpoints }: State, member: Member, namespaces: readonly string[] = []): Promise<string[]> {
  const { id: node } = JSON.parse(readFileSync(join(member.stateDir, "node.json"), "utf8")) as { id: string };
  const where = `host ${member.host.name}: `;
  const wrong: string[] = [];
  const stored = new Map(endpoints.filter((endpoint) => endpoint.node === node).map((endpoint) => [endpoint.id, endpoint]));
  const journal = filesIn(join(member.stateDir, "endpoints"), /\.json$/).map(
    (path) => JSON.parse(readFileSync(path, "utf8")) as JournalFile,
  );
  for (const { id, state } of journal) {
    if (state !== "held") wrong.push(`${where}endpoint ${id} is still ${state}`);
    else if (!stored.has(id)) wrong.push(`${where}endpoint ${id} is not in the store`);
  }
  const held = new Map(journal.filter(({ state }) => state === "held").map((entry) => [entry.id, entry]));
  for (const id of stored.keys()) if (!held.has(id)) wrong.push(`${where}endpoint ${id} of the store is not here`);
  const containers = await new ApiClient(`unix://${member.socket}`).do("container.ls", { all: true });
  const running = containers.filter(({ State }) => State === "running").map(({ SandboxKey }) => SandboxKey);
  for (const path of new Set([...held.values()].map(({ netns }) => netns)))
    if (![...running, ...namespaces].includes(path)) wrong.push(`${where}an endpoint is in ${path}, where nothing runs`);
  for (const path of [...running, ...namespaces]) {
    const wanted = [...held.values()].filter(({ netns }) => netns === path);
    wrong.push(...(await linksOf(path, wanted, stored)).map((line) => `${where}${line}`));
  }
  const kept = filesIn(join(member.stateDir, "containers"), /^/).length;
  if (kept !== containers.length) wrong.push(`${where}${containers.length} containers, of ${kept} there are files`);
  wrong.push(...filesIn(join(member.stateDir, "endpoints"), /\.json\./).map((path) => `${where}${basename(path)} is left over`));
  return wrong;
}

/** What is wrong with the interfaces of a namespace. */
async function linksOf(path: string, wanted: readonly JournalFile[], stored: ReadonlyMap<string, EndpointRecord>): Promise<string[]> {
  const text = await run(["nsenter", `--net=${path}`, "ip", "-json", "-details", "address", "show"]);
  const ours = (JSON.parse(text) as LinkRow[]).filter(({ ifalias }) => ifalias?.startsWith("weft:"));
  const wrong: string[] = [];
  for (const { ifname } of ours) if (!wanted.some((entry) => entry.interface === ifname)) wrong.push(`${path}: ${ifname} is left over`);
  for (const { id, interface: name } of wanted) {
    const link = ours.find(({ ifname }) => ifname === name);
    const has = (link?.addr_info ?? []).filter(({ scope }) => scope === "global").map(({ local, prefixlen }) => `${local}/${prefixlen}`);
    const { mac, addresses } = stored.get(id) ?? { mac: "", addresses: [] };
    if (link?.address !== mac || has.sort().join() !== [...addresses].sort().join())
      wrong.push(`${path}: ${name} has ${link?.address} ${has}, endpoint ${id} has ${mac} ${addresses}`);
  }
  return wrong;
}

function filesIn(directory: string, pattern: RegExp): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => pattern.test(name))
    .map((name) => join(directory, name));
}

/** Waits until state and hosts agree; rejects with what they do not agree on. `namespaces`: of each host, by its name. */
export async function ofOneMind(
  manager: Member,
  members: readonly Member[],
  namespaces: Readonly<Record<string, readonly string[]>> = {},
  timeoutMs = STATE_TIMEOUT_MS,
): Promise<State> {
  return eventually(
    "state and hosts to agree",
    async () => {
      const state = await readState(manager);
      const lines = await Promise.all(members.map((member) => misfits(state, member, namespaces[member.host.name])));
      const wrong = [...quarrels(state), ...lines.flat()];
      if (wrong.length > 0) throw new Error(wrong.join("; "));
      return state;
    },
    timeoutMs,
  );
}
