// Containers of a cluster under test, asked for over the agents' sockets (the command line would be a new program each time, on a machine that is
// busy), and where traffic finds them.

import { ApiClient } from "../../../host/api/client.ts";
import type { Asked } from "../../../host/model/cluster/operations.ts";
import type { Member } from "../../../lab/cluster.ts";
import { run } from "../../../lab/command.ts";
import { parseMetrics, type Sample, total } from "../../../lab/metrics.ts";
import { ping } from "../../../lab/traffic/ping.ts";
import { eventually } from "../../../lab/wait.ts";

export interface Placed {
  name: string;
  member: Member;
  /** Its namespace, as `ip netns` knows it. */
  netns: string;
  pid: number;
  ip: string;
  mac: string;
}

export function api({ socket }: Member): ApiClient {
  return new ApiClient(`unix://${socket}`);
}

/** A container that sleeps. */
export async function place(member: Member, name: string, network: string, more: Partial<Asked<"container.run">> = {}): Promise<Placed> {
  await api(member).do("container.run", { name, networks: [network], command: ["sleep", "600"], ...more });
  return placed(member, name);
}

/** As the member's agent has it now. */
export async function placed(member: Member, name: string): Promise<Placed> {
  const { found, refused } = await api(member).do("container.inspect", { names: [name] });
  if (found.length === 0) throw new Error(refused[0]?.message);
  const [{ Pid, SandboxKey, Networks }] = found;
  const [{ Addresses, MacAddress } = { Addresses: [], MacAddress: "" }] = Object.values(Networks);
  const ip = Addresses.map((cidr) => cidr.split("/")[0]).find((address) => !address.includes(":")) ?? "";
  return { name, member, netns: SandboxKey.split("/").at(-1) ?? "", pid: Pid ?? 0, ip, mac: MacAddress };
}

export async function remove({ member, name }: Placed): Promise<void> {
  const { refused } = await api(member).do("container.rm", { names: [name], force: true });
  if (refused.length > 0) throw new Error(refused[0].message);
}

/** Whether a single ping is answered in a third of a second. */
export async function reaches(from: Placed, to: { ip: string }): Promise<boolean> {
  return (await ping(from.netns, to.ip, { count: 1, waitSeconds: 0.3 })).received === 1;
}

/** How long it takes from now until one reaches the other, in milliseconds. */
export async function timeToReach(from: Placed, to: { name: string; ip: string }, boundMs: number): Promise<number> {
  const begin = performance.now();
  await eventually(`${from.name} to reach ${to.name}`, () => reaches(from, to), boundMs);
  return performance.now() - begin;
}

/** Its metrics, by a program that costs little to start. */
export async function metricsOf({ host: { netns } }: Member): Promise<Sample[]> {
  return parseMetrics(await run(["socat", "-t", "10", "-", "TCP:127.0.0.1:9477"], { netns, input: "GET /metrics HTTP/1.0\r\n\r\n" }));
}

export async function droppedAsSuspended(member: Member): Promise<number> {
  return total(await metricsOf(member), "weft_dropped_frames_total", { reason: "vtep_suspended" });
}

/** Where a member sends frames for a MAC address; null when it does not know. */
export async function vtepOf(member: Member, mac: string): Promise<string | null> {
  const rows = await api(member).fdb();
  return rows.find((row) => row.mac === mac)?.vtep ?? null;
}

/** What a member is told of a node: "ready", "down". */
export async function statusOf(member: Member, node: string): Promise<string | undefined> {
  const nodes = await api(member).do("node.ls", { filters: {} });
  return nodes.find(({ Description }) => Description.Hostname === node)?.Status.State;
}
