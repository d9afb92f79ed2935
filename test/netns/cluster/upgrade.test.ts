// An upgrade: SIGTERM, and the agent started again, under 50 TCP connections. None is lost; containers and their interfaces are the same.

import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Cluster, type Member, startCluster } from "../../../lab/cluster.ts";
import { Lab } from "../../../lab/lab.ts";
import { underlay } from "../../../lab/topology.ts";
import { HEARTBEAT_PORT } from "../../../lab/traffic/ports.ts";
import { startProgram } from "../../../lab/traffic/transfer.ts";
import { describeNetns } from "../needs.ts";
import { type Placed, place, placed } from "./containers.ts";
import { ofOneMind } from "./one-mind.ts";
import { longestGap, startPinging } from "./pinging.ts";

const CONNECTIONS = 50;
const PROGRAM = fileURLToPath(new URL("../programs/connections.ts", import.meta.url));
const PING_MS = 1;
/** A gap is asked for, none is promised: this is what a busy machine may take. */
const GAP_MS_MAX = 20_000;

describeNetns("an upgrade", ["etcdctl", "nsenter"], () => {
  let lab: Lab;
  let cluster: Cluster;
  beforeEach(async () => {
    lab = await Lab.open();
    cluster = await startCluster(await underlay(lab, ["a", "b"]));
    await cluster.manager.weft("network", "create", "--ipv6", "blue");
  });
  afterEach(() => lab?.close());

  /** Begins the connections; gives what ends them. */
  async function connections(from: Placed, to: Placed) {
    const echo = startProgram(lab, to.netns, "echo", [to.ip, HEARTBEAT_PORT]);
    await echo.waitFor(/listening/);
    const argv = [process.execPath, PROGRAM, to.ip, String(HEARTBEAT_PORT), String(CONNECTIONS)];
    const client = lab.spawn(argv, { netns: from.netns, name: "connections", input: "pipe" });
    await client.waitFor(/beating/);
    return async () => {
      client.input.end();
      await client.exited;
      return JSON.parse(client.stdout.trim().split("\n").at(-1) ?? "") as { beats: number[]; errors: string[] };
    };
  }

  async function upgrade(member: Member): Promise<{ at: number; back: number }> {
    const at = Date.now();
    expect(await member.stop()).toEqual({ code: 0, signal: null });
    expect(await member.start()).toMatch(/^weft ready node=/);
    return { at, back: Date.now() };
  }

  test(`of a worker, and of the manager: ${CONNECTIONS} TCP connections live on`, async () => {
    const [a, b] = await Promise.all(cluster.members.map((member) => place(member, `on-${member.host.name}`, "blue")));
    const end = await connections(a, b);
    const pinging = startPinging(lab, a, b, PING_MS);
    const restarts: { at: number; back: number }[] = [];
    for (const member of [...cluster.members].reverse()) restarts.push(await upgrade(member));
    for (const container of [a, b]) expect(await placed(container.member, container.name)).toEqual(container);
    await ofOneMind(cluster.manager, cluster.members);
    const answers = await pinging.stop();
    const { beats, errors } = await end();
    expect(errors).toEqual([]);
    expect(beats.length).toBe(CONNECTIONS);
    const gaps = restarts.map(({ at, back }) => Math.round(longestGap(answers, at, back + 1000)));
    console.log(`forwarding pauses of ${gaps[0]} ms (a worker's agent), ${gaps[1]} ms (the manager's)`);
    for (const gap of gaps) expect(gap).toBeLessThan(GAP_MS_MAX);
  });
});
