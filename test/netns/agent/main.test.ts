// The process: signals before, during and after the start, what it tells a service manager, what it prints. Bad input: test/netns/bad-input.test.ts;
// ends of a running agent: test/netns/restart.test.ts.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type AgentFile, agentFile, portFor, spawnAgent, startAgent, WEFT, writeConfig } from "../../../lab/agent.ts";
import { run } from "../../../lab/command.ts";
import type { Daemon } from "../../../lab/daemon.ts";
import { Lab } from "../../../lab/lab.ts";
import { type Container, container, type Host, underlay } from "../../../lab/topology.ts";
import { eventually } from "../../../lab/wait.ts";
import { describeNetns } from "../needs.ts";
import { NETWORK, VNI } from "../pair.ts";

/** Enough that a start and a stop take a while. */
const CONTAINERS = 6;
/** A busy machine may show the first interface when all are made. */
const TRIES = 20;
const READY = /^weft ready node=a vtep=10\.99\.0\.1:4789 socket=\S+\/a\.sock$/m;

describeNetns("the agent's process", ["socat"], () => {
  let lab: Lab;
  let hosts: Host[];
  let inside: Container[];

  beforeEach(async () => {
    lab = await Lab.open();
    hosts = await underlay(lab, ["a", "b"]);
    inside = [];
    for (let i = 1; i <= CONTAINERS; i++) inside.push(await container(lab, `c${i}`, i));
  });
  afterEach(() => lab?.close());

  const file = (): AgentFile =>
    agentFile(hosts[0], { networks: [{ name: NETWORK, vni: VNI, peers: [hosts[1].ip4], ports: inside.map(portFor) }] });
  const spawn = (environment?: Record<string, string>) => spawnAgent(hosts[0], writeConfig(hosts[0], file()), environment);
  const created = (daemon: Daemon) => daemon.stderr.split("\n").filter((line) => line.includes('"port created"')).length;

  async function expectNothing(): Promise<void> {
    for (const { netns, name } of inside) {
      const links = JSON.parse(await run(["ip", "-json", "-n", netns, "link"])) as { ifname: string }[];
      expect(links, name).toHaveLength(1);
    }
    const { socket } = file();
    expect([existsSync(socket), existsSync(`${socket}.ports.json`)]).toEqual([false, false]);
    expect(await run(["ss", "-Hlnut"], { netns: hosts[0].netns })).toBe("");
  }

  test("prints one line when it serves, and nothing else on standard output", async () => {
    const daemon = spawn();
    await daemon.waitFor(READY);
    expect(existsSync(file().socket)).toBe(true);
    expect(await daemon.stop()).toEqual({ code: 0, signal: null });
    expect(daemon.stdout.trim().split("\n")).toHaveLength(1);
    for (const line of daemon.stderr.trim().split("\n")) expect(JSON.parse(line)).toMatchObject({ node: "a", level: 30 });
    await expectNothing();
  });

  test.each(["SIGTERM", "SIGINT"] as const)("%s in the middle of the start: it ends, and removes what it has made", async (signal) => {
    for (let tries = 0, caught = false; !caught; tries++) {
      expect(tries, "starts that were over before they could be caught").toBeLessThan(TRIES);
      const daemon = spawn();
      await daemon.waitFor(/"port created"/, "stderr");
      caught = created(daemon) < CONTAINERS;
      expect(await daemon.stop(signal)).toEqual({ code: 0, signal: null });
      expect(daemon.stderr).toContain(`"signal":"${signal}"`);
      await expectNothing();
    }
  });

  test("a signal before it has begun ends it with nothing made", async () => {
    const daemon = spawn();
    daemon.signal("SIGTERM");
    const { code, signal } = await daemon.exited;
    expect(signal === "SIGTERM" || code === 0 || code === 143).toBe(true);
    await expectNothing();
  });

  test("a second signal ends it at once, and the next start takes care of the rest", async () => {
    for (let tries = 0, caught = false; !caught; tries++) {
      expect(tries, "ends that were over before they could be caught").toBeLessThan(TRIES);
      const daemon = spawn();
      await daemon.waitFor(READY);
      daemon.signal("SIGTERM");
      await daemon.waitFor(/"stopping"/, "stderr");
      daemon.signal("SIGINT");
      const exit = await daemon.exited;
      caught = exit.signal === "SIGINT";
      if (!caught) expect(exit).toEqual({ code: 0, signal: null });
    }
    const next = spawn();
    await next.waitFor(READY);
    expect(await next.stop()).toEqual({ code: 0, signal: null });
    await expectNothing();
  });

  test("the service manager is told when it is ready, and when it stops", async () => {
    const path = join(lab.directory, "notify.sock");
    const manager = lab.spawn(["socat", "-u", `UNIX-RECV:${path}`, "STDOUT"], { name: "the service manager" });
    await eventually("the service manager's socket", () => existsSync(path));
    const agent = await startAgent(hosts[0], { networks: file().networks, environment: { NOTIFY_SOCKET: path } });
    await manager.waitFor(/READY=1$/);
    expect(manager.stdout).toBe("READY=1");
    expect(await agent.stop()).toEqual({ code: 0, signal: null });
    await manager.waitFor(/^READY=1STOPPING=1$/);
  });

  test("a service manager that cannot be told is no reason to end", async () => {
    const agent = await startAgent(hosts[0], { networks: file().networks, environment: { NOTIFY_SOCKET: "/nowhere/notify.sock" } });
    expect((await agent.client("vtep", "show")).code).toBe(0);
    await agent.daemon.waitFor(/the service manager could not be told/, "stderr");
    expect(await agent.stop()).toEqual({ code: 0, signal: null });
    await expectNothing();
  });

  test("a namespace that is missing is told with its place in the file, before anything is made", async () => {
    const wrong = file();
    wrong.networks[0].ports[CONTAINERS - 1].netns = "gone";
    const config = writeConfig(hosts[0], wrong);
    const daemon = lab.spawn([WEFT, "agent", "--config", config], { netns: hosts[0].netns });
    expect((await daemon.exited).code).not.toBe(0);
    expect(daemon.stderr.trim()).toMatch(/^\S+a\.yaml:\d+:\d+: networks\[0\]\.ports\[5\]\.netns.*gone.*missing/);
    await expectNothing();
  });
});
