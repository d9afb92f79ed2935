// Data-path learning (RFC 7348 section 4.1): where a MAC is, is learned from the frames that come from it, follows it when it moves, and is
// forgotten when it is silent. The other hosts are Linux.

import { afterAll, beforeAll, expect, test } from "vitest";
import { type Agent, portFor, startAgent } from "../../lab/agent.ts";
import { Lab } from "../../lab/lab.ts";
import { type LinuxVtep, linuxVtep } from "../../lab/linux-vtep.ts";
import { total } from "../../lab/metrics.ts";
import { type Container, container, type Host, underlay } from "../../lab/topology.ts";
import { ping } from "../../lab/traffic/ping.ts";
import { eventually } from "../../lab/wait.ts";
import { describeNetns } from "./needs.ts";
import { expectBalanced, NETWORK, reachable, VNI } from "./pair.ts";

interface FdbRow {
  mac: string;
  port: string | null;
  vtep: string | null;
  state: "static" | "learned";
  ageSeconds: number | null;
}

const AGEING_SECONDS = 10;

describeNetns("learning", [], () => {
  let lab: Lab;
  let agent: Agent;
  let hosts: Host[];
  let far: [LinuxVtep, LinuxVtep];
  let inside: Container;
  let wanderer: Container;

  beforeAll(async () => {
    lab = await Lab.open();
    hosts = await underlay(lab, ["a", "b", "c"]);
    const [a, b, c] = hosts;
    [inside, wanderer] = [await container(lab, "inside", 1), await container(lab, "wanderer", 2)];
    agent = await startAgent(a, {
      networks: [{ name: NETWORK, vni: VNI, peers: [b.ip4, c.ip4], ports: [portFor(inside)], ageing: AGEING_SECONDS }],
    });
    far = [await linuxVtep(b, { vni: VNI, peers: [a.ip4, c.ip4] }), await linuxVtep(c, { vni: VNI, peers: [a.ip4, b.ip4] })];
  });
  afterAll(async () => {
    try {
      await expectBalanced([agent]);
    } finally {
      await lab?.close();
    }
  });

  const entry = async (mac: string) => (await agent.show<FdbRow>("fdb")).find((row) => row.mac === mac);

  test("a container's own MAC is a static entry", async () => {
    expect(await entry(inside.mac)).toMatchObject({ state: "static", vtep: null, port: `${inside.netns}/eth0` });
  });

  test("a MAC is found behind the host that it speaks from", async () => {
    await far[0].attach(wanderer);
    await reachable(wanderer, inside.ip4);
    const row = await eventually("the entry", () => entry(wanderer.mac));
    expect(row).toMatchObject({ state: "learned", vtep: hosts[1].ip4, port: null });
  });

  test("and behind another one when it has moved there", async () => {
    await far[0].remove();
    await far[1].attach(wanderer);
    await reachable(wanderer, inside.ip4);
    await eventually("the entry to move", async () => (await entry(wanderer.mac))?.vtep === hosts[2].ip4);
    expect((await ping(inside.netns, wanderer.ip4, { count: 3 })).received).toBe(3);
    expect(total(await agent.metrics(), "weft_fdb_moves_total", { network: NETWORK })).toBe(1);
  });

  test("a silent MAC is forgotten", async () => {
    await far[1].remove();
    await eventually("the entry to go", async () => (await entry(wanderer.mac)) === undefined, (AGEING_SECONDS + 10) * 1000);
  });
});
