// The acts of the cluster's demo: each does one thing with the program as a user has it, shows what it answered, and checks it.

import { setTimeout as delay } from "node:timers/promises";
import type { Cluster, Member } from "../../../lab/cluster.ts";
import type { Lab } from "../../../lab/lab.ts";
import { total } from "../../../lab/metrics.ts";
import { ping } from "../../../lab/traffic/ping.ts";
import { makeFile, sendFile, startHeartbeat } from "../../../lab/traffic/transfer.ts";
import { eventually } from "../../../lab/wait.ts";
import { check, command, mark, say, table } from "../tell.ts";

const FILE_BYTES = 100 << 20;
const NAMES = ["web", "db", "cache"];
/** Lines of `weft network inspect` that the reader is shown. */
const LINES_SHOWN = 60;

export interface Placed {
  name: string;
  member: Member;
  /** Its namespace, as `ip netns` knows it. */
  netns: string;
  pid: number;
  ip4: string;
  ip6: string;
}

/** Runs a command on a member and shows both. Gives what it printed. */
export async function look(member: Member, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await member.attempt(...words);
  command(`weft ${words.join(" ")}`, (code === 0 ? stdout : stderr).trim());
  if (code !== 0) check(false, `weft ${words.join(" ")}: exit code 0`);
  return stdout.trim();
}

interface Inspected {
  Name: string;
  Pid: number;
  SandboxKey: string;
  Networks: Record<string, { Addresses: string[] }>;
}

export async function placed(member: Member, name: string): Promise<Placed> {
  const [found] = await member.json<Inspected[]>("inspect", name);
  const addresses = Object.values(found.Networks).flatMap(({ Addresses }) => Addresses.map((cidr) => cidr.split("/")[0]));
  const of = (family: string) => addresses.find((address) => address.includes(":") === (family === "6")) ?? "";
  const netns = found.SandboxKey.split("/").at(-1) ?? "";
  return { name, member, netns, pid: found.Pid, ip4: of("4"), ip6: of("6") };
}

export async function runContainers(cluster: Cluster): Promise<Placed[]> {
  const containers: Placed[] = [];
  for (const [i, member] of cluster.members.entries()) {
    const words = ["run", "-d", "--network", "blue", "--name", NAMES[i], "--", "sh", "-c", "echo I am up; exec sleep 600"];
    await member.weft(...words);
    command(`weft ${words.slice(0, 7).join(" ")} sh -c '…'   # on host ${member.host.name}`, "");
    containers.push(await placed(member, NAMES[i]));
  }
  await look(cluster.manager, "ps");
  await eventually("the log", async () => (await cluster.manager.weft("logs", "web")).includes("I am up"));
  await look(cluster.manager, "logs", "web");
  await look(cluster.manager, "exec", "web", "--", "ip", "-br", "address", "show", "eth0");
  return containers;
}

export async function inspectNetwork(cluster: Cluster, containers: readonly Placed[]): Promise<void> {
  const text = await cluster.members[1].weft("network", "inspect", "blue");
  const lines = text.split("\n");
  command(
    "weft network inspect blue        # on host b",
    [...lines.slice(0, LINES_SHOWN), ...(lines.length > LINES_SHOWN ? ["…"] : [])].join("\n"),
  );
  const [network] = JSON.parse(text) as { Containers: Record<string, { Name: string }>; Peers: unknown[] }[];
  const names = Object.values(network.Containers).map(({ Name }) => Name);
  check(
    containers.every(({ name }) => names.includes(name)),
    "one host's agent knows the containers of all three",
  );
  check(network.Peers.length === 3, "and the three hosts that take part");
}

export async function pings(containers: readonly Placed[]): Promise<void> {
  const rows: string[][] = [];
  for (const from of containers) {
    for (const to of containers) {
      if (from === to) continue;
      const address = from.name < to.name ? to.ip4 : to.ip6;
      const { sent, received, times } = await ping(from.netns, address, { count: 5, intervalSeconds: 0.05 });
      const middle = [...times].sort((x, y) => x - y)[times.length >> 1];
      const trip = middle === undefined ? "–" : `${middle.toFixed(2)} ms`;
      rows.push([
        `${from.name} → ${to.name}`,
        address,
        `${received} of ${sent}`,
        trip,
        mark(received === sent, `ping ${from.name} → ${to.name}`),
      ]);
    }
  }
  table(["ping", "address", "answered", "round trip", ""], rows);
}

export async function transfers(lab: Lab, containers: readonly Placed[]): Promise<void> {
  const file = makeFile(lab, "file", FILE_BYTES);
  const rows: string[][] = [];
  for (const [i, from] of containers.entries()) {
    const to = containers[(i + 1) % containers.length];
    const result = await sendFile(lab, { from: from.netns, to: to.netns, address: to.ip4 }, file.path);
    const same = result.receivedSha256 === file.sha256;
    const speed = `${(result.bitsPerSecond / 1e9).toFixed(1)} Gb/s`;
    rows.push([
      `${from.name} → ${to.name}`,
      speed,
      `${result.receivedSha256.slice(0, 16)}… ${same ? "the same" : "different"}`,
      mark(same, `file ${from.name} → ${to.name}`),
    ]);
  }
  table(["TCP, 100 MiB", "speed", "SHA-256 of what arrived", ""], rows);
}

export async function whoIsWhere(member: Member): Promise<void> {
  const text = await look(member, "fdb", "show");
  check(
    /10\.99\.0\.2/.test(text) && /10\.99\.0\.3/.test(text) && !text.includes("learned"),
    "host a knows both others' containers, and has learned nothing",
  );
  await look(member, "neighbor", "show");
  const drift = total(await member.metrics(), "weft_reconcile_drift");
  check(drift === 0, "the tables are what the cluster's state says: drift 0");
}

/** Kills host b's agent under traffic between the other two, and under a connection of its own container. */
export async function killAndReturn(lab: Lab, cluster: Cluster, [web, db, cache]: readonly Placed[]): Promise<void> {
  const [a, b] = cluster.members;
  const route = (from: Placed, to: Placed) => ({ from: from.netns, to: to.netns, address: to.ip4 });
  const others = await startHeartbeat(lab, route(web, cache));
  await b.kill();
  command("kill -9 $(pidof weft)            # on host b", "");
  await eventually("host b to be down", async () => /\bdown\b/i.test(await a.weft("node", "ls")), 10_000);
  await look(a, "node", "ls");
  say(
    "Host b's container runs on, with its interface and its addresses, but nobody carries its frames. Now its agent is started again, by the same command:",
  );
  command("weft join --token … 10.99.0.1:2377   # on host b", await b.start());
  const after = await placed(b, "db");
  check(after.pid === db.pid && after.ip4 === db.ip4, `container db is the same process (${db.pid}) with the same address`);
  await eventually("web to reach db", async () => (await ping(web.netns, db.ip4, { count: 1 })).received === 1, 10_000);
  check(true, "web reaches db again");
  await delay(200);
  const { error, longestMs, beats } = await others.stop();
  check(
    error === null && beats > 0 && longestMs < 200,
    `the connection between the other hosts never noticed (longest pause of ${beats} beats: ${Math.round(longestMs)} ms)`,
  );
}

export async function leave(cluster: Cluster, containers: readonly Placed[]): Promise<void> {
  for (const { member, name } of containers) await member.weft("rm", "-f", name);
  await look(cluster.manager, "network", "rm", "blue");
  for (const member of cluster.members.slice(1)) await member.weft("leave");
  for (const member of cluster.members) {
    // Those that left end by themselves.
    if (member === cluster.manager) await member.stop();
    check((await member.daemon.exited).code === 0, `the agent of host ${member.host.name} ended in order`);
  }
}
