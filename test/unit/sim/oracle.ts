// What a cluster that has come to rest must be like: worked out in the plainest way from the store and the sandboxes that there are.

import { join } from "node:path";
import { plan } from "../../../host/control/plan.ts";
import { Journal } from "../../../host/endpoint/journal.ts";
import { ADDRESSES, ALIVE, ENDPOINTS, MACS } from "../../../host/model/cluster/keys.ts";
import type { Agent } from "./agent.ts";
import type { Host } from "./host.ts";
import type { Table } from "./tables.ts";
import type { World } from "./world.ts";

const PROBES = "weft:probes";

/** One line for each thing that is not as it should be. */
export function complaints(world: World): string[] {
  return [...world.hosts.flatMap((host) => ofHost(world, host)), ...ofStore(world)];
}

function ofStore({ mirror }: World): string[] {
  const nodes = new Set(mirror.nodes.keys());
  const orphans = [...mirror.endpoints.values()].filter(({ node }) => !nodes.has(node));
  const lost = [...mirror.endpoints.values()].filter(({ network }) => !mirror.networks.has(network));
  const keys = [...mirror.addresses.keys(), ...mirror.macs.keys()].filter((key) => !mirror.networks.has(key.split("/")[0]));
  return [
    ...orphans.map(({ id, node }) => `${ENDPOINTS}: ${id.slice(0, 12)} is of node ${node}, which is none`),
    ...lost.map(({ id, network }) => `${ENDPOINTS}: ${id.slice(0, 12)} is in network ${network}, which is none`),
    ...keys.map((key) => `${ADDRESSES} or ${MACS}: ${key} is of no network`),
    ...[...mirror.alive].filter((node) => !nodes.has(node)).map((node) => `${ALIVE}${node}: no such node`),
  ];
}

function ofHost(world: World, host: Host): string[] {
  const { agent } = host;
  const own = [...world.mirror.endpoints.values()].filter(({ node }) => node === host.id);
  if (host.membership !== "member")
    return [...own.map(({ id }) => `${host.name} is no member and has endpoint ${id.slice(0, 12)}`), ...whoSendsTo(world, host)];
  if (!agent?.ready) return [`${host.name}: its agent does not run`];
  const said = [
    ...journal(
      host,
      own.map(({ id }) => id),
    ),
    ...tables(world, host, agent),
    ...users(world, host),
    ...agent.view.missing().map(({ record }) => `missing: ${record.id.slice(0, 12)}`),
    ...agent.view.strays().map(({ id }) => `stray: ${id.slice(0, 12)}`),
    ...plan(agent.forwarding.tables, agent.view.desired, "all").map((action) => `drift: ${JSON.stringify(action)}`),
    ...suspended(world, host, agent),
  ];
  return said.map((line) => `${host.name}: ${line}`);
}

/** Whatever still runs on a host that is no member is nobody's peer. */
function whoSendsTo({ hosts }: World, { name, vtep }: Host): string[] {
  return hosts.flatMap(({ name: member, agent }) => {
    const tables = [...(agent?.forwarding.tables.values() ?? [])];
    const sends = tables.filter(({ peers, fdb }) => peers.has(vtep) || [...fdb.values()].includes(vtep));
    return sends.map((table) => `${name} is no member, and ${member} sends to it in ${table.name}`);
  });
}

/** Everything in the journal is held, is in the store, and has its interface; nothing else has. */
function journal(host: Host, own: string[]): string[] {
  const entries = new Journal(join(host.directory, "endpoints")).entries;
  const ids = new Set(entries.map(({ id }) => id));
  const places = new Set(entries.map(({ netns, interface: name }) => `${netns}/${name}`));
  return [
    ...entries.filter(({ state }) => state !== "held").map(({ id, state }) => `journal: ${id.slice(0, 12)} is ${state}`),
    ...entries.filter(({ id }) => !own.includes(id)).map(({ id }) => `journal: ${id.slice(0, 12)} is not in the store`),
    ...own.filter((id) => !ids.has(id)).map((id) => `leaked: the store has ${id.slice(0, 12)}, and the journal not`),
    ...[...places].filter((key) => !host.has(key)).map((key) => `no interface ${key}`),
    ...[...host.all.keys()].filter((key) => !places.has(key)).map((key) => `left over: interface ${key}`),
  ];
}

/** What users were told that they have, they have. */
function users({ mirror }: World, host: Host): string[] {
  return host.sandboxes.flatMap(({ has, path, forfeited, state }) => {
    if (has === null || forfeited || state !== "made") return [];
    const found = [...host.all.values()].find(({ netns, mac, ips }) => netns === path && mac === has.mac && ips.includes(has.ip));
    const record = [...mirror.endpoints.values()].find(({ id }) => id === has.endpoint);
    return found && record?.mac === has.mac ? [] : [`${path} has lost ${has.ip} ${has.mac} (${found ? "in the store" : "its interface"})`];
  });
}

function suspended({ mirror }: World, host: Host, agent: Agent): string[] {
  const dead = [...mirror.nodes.values()].filter(({ id }) => id !== host.id && !mirror.alive.has(id)).map(({ vtep }) => vtep);
  const is = [...agent.forwarding.suspended].sort();
  return is.join() === dead.sort().join() ? [] : [`suspended: ${is.join()}, and dead are ${dead.join()}`];
}

function tables({ mirror }: World, host: Host, agent: Agent): string[] {
  const records = [...mirror.endpoints.values()];
  const ids = new Set<string>();
  const said: string[] = [];
  for (const network of mirror.networks.values()) {
    const here = records.filter((record) => record.network === network.id);
    const local = here.filter(({ node }) => node === host.id);
    if (local.length === 0) continue;
    ids.add(network.id);
    const remote = here.filter(({ node }) => node !== host.id);
    const vtep = (node: string) => mirror.nodes.get(node)?.vtep ?? "none";
    const expected = {
      vni: network.vni,
      peers: [...new Set(remote.map(({ node }) => vtep(node)))].sort(),
      fdb: remote.map(({ mac, node }) => `${mac} ${vtep(node)}`).sort(),
      neighbors: here.flatMap(({ mac, addresses }) => addresses.map((cidr) => `${cidr.split("/")[0]} ${mac}`)).sort(),
      ports: local.map(({ mac, addresses }) => `${mac} ${addresses.join()}`).sort(),
    };
    const actual = contents(agent.forwarding.tables.get(network.id));
    if (JSON.stringify(actual) !== JSON.stringify(expected))
      said.push(`tables of ${network.name}: ${JSON.stringify(actual)}\n      expected: ${JSON.stringify(expected)}`);
  }
  for (const [key, { name }] of agent.forwarding.tables)
    if (key !== PROBES && !ids.has(key)) said.push(`tables of ${name}, in which it has nothing`);
  return said;
}

function contents(table: Table | undefined) {
  if (!table) return null;
  const pairs = (map: ReadonlyMap<string, string>) => [...map].map(([key, value]) => `${key} ${value}`).sort();
  return {
    vni: table.settings.vni,
    peers: [...table.peers].sort(),
    fdb: pairs(table.fdb),
    neighbors: pairs(table.neighbors),
    ports: [...table.ports.values()].map(({ mac, addresses }) => `${mac} ${addresses.join()}`).sort(),
  };
}
