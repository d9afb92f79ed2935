// Ends and beginnings of an agent: SIGTERM leaves nothing; after kill -9 the next one adopts the containers' interfaces as they are, TCP connections
// live on, and what its file no longer has is cleared.

import { existsSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Agent, agentFile, type NetworkFile, portFor, spawnAgent, startAgent, writeConfig } from "../../lab/agent.ts";
import { run } from "../../lab/command.ts";
import { Lab } from "../../lab/lab.ts";
import { type Container, container, type Host, underlay } from "../../lab/topology.ts";
import { makeFile, sendFile, startHeartbeat } from "../../lab/traffic/transfer.ts";
import { eventually } from "../../lab/wait.ts";
import { describeNetns } from "./needs.ts";
import { expectBalanced, NETWORK, reachable, VNI } from "./pair.ts";

const GAP_MS_MAX = 8000;

interface LinkRow {
  ifindex: number;
  ifname: string;
  address: string;
  mtu: number;
  addr_info: { local: string; prefixlen: number; scope: string }[];
}

describeNetns("ends and beginnings", [], () => {
  let lab: Lab;
  let hosts: Host[];
  let here: Container[];
  let far: Container;
  let farAgent: Agent;

  beforeEach(async () => {
    lab = await Lab.open();
    hosts = await underlay(lab, ["a", "b"]);
    here = [await container(lab, "one", 1), await container(lab, "two", 2)];
    far = await container(lab, "far", 3);
    farAgent = await startAgent(hosts[1], { networks: [networkOf(hosts[0], [far])] });
  });
  afterEach(() => lab?.close());

  const networkOf = (peer: Host, containers: Container[]): NetworkFile => ({
    name: NETWORK,
    vni: VNI,
    peers: [peer.ip4],
    ports: containers.map(portFor),
  });
  const start = (containers: Container[]) => startAgent(hosts[0], { networks: [networkOf(hosts[1], containers)] });
  const link = async ({ netns }: Container) => {
    const rows = JSON.parse(await run(["ip", "-json", "-n", netns, "address", "show"])) as LinkRow[];
    const row = rows.find(({ ifname }) => ifname === "eth0");
    // Not the flags: the kernel may still be probing the link-local address (duplicate address detection).
    return row && { ...row, addr_info: row.addr_info.map(({ local, prefixlen, scope }) => ({ local, prefixlen, scope })) };
  };

  test("SIGTERM leaves nothing", async () => {
    const agent = await start(here);
    await reachable(here[0], far.ip4);
    expect(existsSync(agent.file.socket)).toBe(true);
    expect(await agent.stop()).toEqual({ code: 0, signal: null });
    for (const inside of here) expect(await link(inside)).toBeUndefined();
    expect(existsSync(agent.file.socket)).toBe(false);
    expect(await run(["ss", "-Hlnu"], { netns: hosts[0].netns })).toBe("");
    expect(await run(["ss", "-Hlnt"], { netns: hosts[0].netns })).toBe("");
  });

  test("SIGINT as well", async () => {
    const agent = await start(here);
    expect(await agent.daemon.stop("SIGINT")).toEqual({ code: 0, signal: null });
    expect(await link(here[0])).toBeUndefined();
  });

  test("after kill -9 the interfaces stay, are adopted, and a TCP connection lives on", async () => {
    const first = await start(here);
    await reachable(here[0], far.ip4);
    const heartbeat = await startHeartbeat(lab, { from: here[0].netns, to: far.netns, address: far.ip4 });
    const before = await link(here[0]);
    expect(before).toBeDefined();
    await first.kill();
    expect(await link(here[0])).toMatchObject({ ifindex: before?.ifindex, address: here[0].mac });
    const second = await start(here);
    await reachable(here[0], far.ip4);
    const after = await link(here[0]);
    expect(after).toMatchObject({ ifindex: before?.ifindex, address: before?.address, mtu: before?.mtu });
    expect(after?.addr_info).toEqual(before?.addr_info);
    const result = await heartbeat.stop();
    expect(result.error).toBeNull();
    expect(result.beats).toBeGreaterThan(0);
    // From the kill to the first answer: a new process, its workers, and TCP's own patience.
    expect(result.longestMs).toBeLessThan(GAP_MS_MAX);
    const file = makeFile(lab, "file", 32 << 20);
    const { same } = await sendFile(lab, { from: far.netns, to: here[0].netns, address: here[0].ip4 }, file.path);
    expect(same).toBe(true);
    await expectBalanced([second, farAgent]);
  });

  test("a port that the file no longer has is cleared, one that it has anew is made", async () => {
    const first = await start(here);
    await first.kill();
    expect(await link(here[1])).toBeDefined();
    const second = await start([here[0]]);
    await eventually("the old port to go", async () => (await link(here[1])) === undefined);
    await second.kill();
    const third = await start(here);
    await reachable(here[1], far.ip4);
    expect(await third.stop()).toEqual({ code: 0, signal: null });
    for (const inside of here) expect(await link(inside)).toBeUndefined();
  });

  test("the socket of a killed agent does not stop the next", async () => {
    const first = await start(here);
    await first.kill();
    expect(existsSync(first.file.socket)).toBe(true);
    const second = await start(here);
    expect((await second.client("vtep", "show")).code).toBe(0);
  });

  test("two agents on one socket: the second is refused, the first goes on", async () => {
    const first = await start(here);
    const file = { ...agentFile(hosts[1], { networks: [] }), socket: first.file.socket, metrics: "off" };
    await farAgent.stop();
    const second = spawnAgent(hosts[1], writeConfig(hosts[1], file, "same-socket.yaml"));
    expect((await second.exited).code).toBe(1);
    expect(second.stderr).toContain(first.file.socket);
    expect((await first.client("fdb", "show")).code).toBe(0);
  });

  test("a container that goes away takes its port with it, and the agent goes on", async () => {
    const agent = await start(here);
    await reachable(here[0], far.ip4);
    await lab.removeNamespace(here[1].netns);
    await reachable(here[0], far.ip4);
    await eventually("the port to be gone or down in the metrics", async () => {
      const samples = await agent.metrics();
      return !samples.some(({ name, labels, value }) => name === "weft_port_up" && labels.netns.includes(here[1].netns) && value === 1);
    });
    expect(await agent.stop()).toEqual({ code: 0, signal: null });
  });
});
