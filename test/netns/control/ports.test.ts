// Ports as an agent keeps them: made, adopted, lost with their namespace or their TAP and made again, each read by one worker.

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type AgentOptions, portFor } from "../../../lab/agent.ts";
import { ipBatch, run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { total } from "../../../lab/metrics.ts";
import { type Container, container, type Host, underlay } from "../../../lab/topology.ts";
import { ping } from "../../../lab/traffic/ping.ts";
import { eventually } from "../../../lab/wait.ts";
import { Inside } from "../inside.ts";
import { describeNetns } from "../needs.ts";
import { NETWORK, reachable, VNI } from "../pair.ts";
import { descriptors, watchers } from "../programs/descriptors.ts";

const WORKERS = 2;

describeNetns("ports", [], () => {
  let lab: Lab;
  let hosts: Host[];
  let here: Container[];
  let far: Container;
  let agent: Inside;

  const options = (peer: Host, inside: Container[], workers: number): AgentOptions => ({
    workers,
    injection: "off",
    networks: [{ name: NETWORK, vni: VNI, peers: [peer.ip4], ports: inside.map(portFor) }],
  });
  const start = () => Inside.start(hosts[0], options(hosts[1], here, WORKERS));

  beforeAll(async () => {
    lab = await Lab.open();
    hosts = await underlay(lab, ["a", "b"]);
    here = [await container(lab, "one", 1), await container(lab, "two", 2), await container(lab, "three", 3)];
    far = await container(lab, "far", 4);
    [agent] = await Promise.all([start(), Inside.start(hosts[1], options(hosts[0], [far], 1))]);
    await reachable(here[0], far.ip4);
  });
  afterAll(() => lab?.close());
  beforeEach(async () => {
    for (const { came, went } of Object.values((await agent.settledBooks()).networks)) expect(went).toBe(came);
  });

  const rows = () =>
    agent.run(({ agent, abi }) =>
      [1, 2, 3].map((index) => {
        const row = agent.plane.entries.port(index);
        return {
          state: row[abi.P_STATE / 4],
          fd: agent.plane.entries.descriptors[index],
          owner: row[abi.P_OWNER / 4],
          network: row[abi.P_NETWORK / 4],
        };
      }),
    );
  /** Local ports in the flood list that readers use. */
  const flooded = () =>
    agent.run(({ agent, abi }) => {
      const { buffer } = agent.plane.memory;
      const copy = agent.plane.entries.network(1)[abi.N_FLOOD_COPY / 4];
      const at = new Uint32Array(buffer, abi.HEADER)[abi.H_FLOOD / 4] + (2 + copy) * abi.FLOOD_BYTES;
      const count = new Uint32Array(buffer, at)[abi.F_PORT_COUNT / 4];
      return [...new Uint16Array(buffer, at + abi.F_PORTS, count)];
    });
  const tuns = () => descriptors(agent.daemon.pid).filter(({ target }) => target === "/dev/net/tun").length;
  const isUp = async (inside: Container, value: 0 | 1) => {
    const samples = (await agent.metrics()).filter(({ name }) => name === "weft_port_up");
    return total(samples, "weft_port_up", { netns: inside.netns }) === value;
  };
  const eth0 = async (inside: Container) => {
    const [link] = JSON.parse(await run(["ip", "-json", "-details", "-n", inside.netns, "address", "show", "dev", "eth0"]));
    return link as { ifindex: number; address: string; mtu: number; txqlen: number; ifalias: string; flags: string[] };
  };

  test("are made as the file says, and logged", async () => {
    for (const inside of here) {
      const link = await eth0(inside);
      expect(link).toMatchObject({ address: inside.mac, mtu: 1450, txqlen: 10_000, ifalias: `weft:a/${NETWORK}` });
      expect(link.flags).toContain("LOWER_UP");
    }
    const created = agent.log("port created");
    expect(created.map(({ netns, network }) => [netns, network])).toEqual(here.map(({ netns }) => [netns, NETWORK]));
    expect(await flooded()).toEqual([1, 2, 3]);
    expect(tuns()).toBe(3);
  });

  test("are spread over the workers, and each is watched by one", async () => {
    const all = await rows();
    expect(all.map(({ owner }) => owner)).toEqual([0, 1, 0]);
    const watching = all.map(({ fd }) => watchers(agent.daemon.pid, fd));
    expect(watching.map((epolls) => epolls.length)).toEqual([1, 1, 1]);
    expect(watching[0]).toEqual(watching[2]);
    expect(watching[0]).not.toEqual(watching[1]);
  });

  test("are adopted from an agent that was killed, as they are and whatever they are called by then", async () => {
    const before = await eth0(here[0]);
    await agent.kill();
    expect((await eth0(here[0])).flags).not.toContain("LOWER_UP");
    await ipBatch(["link set eth0 down", "link set eth0 name other"], here[2].netns);
    agent = await start();
    expect(agent.log("port adopted")).toHaveLength(3);
    expect(agent.log("port created")).toEqual([]);
    expect(await eth0(here[0])).toMatchObject({ ifindex: before.ifindex, address: before.address });
    await reachable(here[0], far.ip4);
    await reachable(here[2], far.ip4);
  });

  test("are let go with their namespace, and made again when it comes back under its name", async () => {
    const [, two] = here;
    await run(["ip", "netns", "delete", two.netns]);
    expect(await agent.logged("port lost")).toMatchObject({ netns: two.netns, detail: expect.stringMatching(/namespace is gone/) });
    expect(await isUp(two, 0)).toBe(true);
    expect((await rows())[1]).toMatchObject({ state: 0 });
    expect(await flooded()).toEqual([1, 3]);
    expect(tuns()).toBe(2);
    // Nothing else keeps the namespace: its process is gone, and so is the descriptor that pinned it.
    expect((await ping(here[0].netns, far.ip4, { count: 3, atOnce: true })).received).toBe(3);
    await run(["ip", "netns", "add", two.netns]);
    expect(await agent.logged("port created")).toMatchObject({ netns: two.netns });
    await reachable(two, far.ip4);
    expect(await eth0(two)).toMatchObject({ address: two.mac, mtu: 1450 });
    expect((await rows())[1]).toMatchObject({ state: 1, owner: 1, network: 1 });
    expect(await flooded()).toEqual([1, 2, 3]);
    expect(watchers(agent.daemon.pid, (await rows())[1].fd)).toHaveLength(1);
  });

  test("are taken to a namespace that takes the place of theirs at once", async () => {
    const [, two] = here;
    const [lost, created] = [agent.log("port lost").length, agent.log("port created").length];
    await run(["ip", "netns", "delete", two.netns]);
    await run(["ip", "netns", "add", two.netns]);
    await agent.logged("port lost", lost);
    await agent.logged("port created", created);
    await reachable(two, far.ip4);
  });

  test("whose TAP is deleted are made again, several at once too", async () => {
    const [lost, created] = [agent.log("port lost").length, agent.log("port created").length];
    for (const inside of here) await ipBatch(["link del eth0"], inside.netns);
    await agent.logged("port lost", lost + 2);
    await agent.logged("port created", created + 2);
    expect(
      agent
        .log("port lost")
        .slice(lost)
        .map(({ detail }) => detail),
    ).toEqual(Array(3).fill("its TAP is gone"));
    for (const inside of here) await reachable(inside, far.ip4);
    expect(await flooded()).toEqual([1, 2, 3]);
    expect(tuns()).toBe(3);
    expect(agent.log("port failed")).toEqual([]);
  });

  test("that cannot be made again are told of once, and had as soon as they can be", async () => {
    const [one] = here;
    const created = agent.log("port created").length;
    // Its own name, for somebody else's interface, in one step: there is no moment in which the agent could come first.
    await ipBatch(["link add other type bridge", "link del eth0", "link set other name eth0"], one.netns);
    const failure = await agent.logged("port failed");
    expect(failure).toMatchObject({ level: 50, netns: one.netns, detail: expect.stringMatching(/not weft's/) });
    const looks = async () => (await agent.metrics()).filter(({ name }) => name === "weft_port_up").length > 0;
    const tick = () => agent.run(({ agent }) => agent.plane.tables.tick);
    const before = await tick();
    await eventually("three more looks", async () => (await tick()) - before > 30 && (await looks()));
    expect(agent.log("port failed")).toHaveLength(1);
    await ipBatch(["link del eth0"], one.netns);
    await agent.logged("port created", created);
    await reachable(one, far.ip4);
  });

  test("are removed when the agent stops, whatever they are called by then; other interfaces stay", async () => {
    await ipBatch(["link add keep type bridge"], here[0].netns);
    await ipBatch(["link set eth0 down", "link set eth0 name other"], here[1].netns);
    expect(await agent.stop()).toEqual({ code: 0, signal: null });
    for (const { netns } of here) {
      const links = JSON.parse(await run(["ip", "-json", "-n", netns, "link"])) as { ifname: string }[];
      expect(links.map(({ ifname }) => ifname).filter((name) => name !== "lo")).toEqual(netns === here[0].netns ? ["keep"] : []);
    }
    agent = await start();
  });
});
