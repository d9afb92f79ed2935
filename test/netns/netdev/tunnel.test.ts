// What injection reads of a host's network, in a namespace that has all of it: routes by another way, gateways, neighbours of every state.

import { afterAll, beforeAll, expect, test } from "vitest";
import { attempt, ipBatch, run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { eventually } from "../../../lab/wait.ts";
import { needTunnelGso } from "../injecting.ts";
import { describeNetns } from "../needs.ts";

const MAC = "02:00:00:00:00:22";

describeNetns("injection's view of the host's network", [], () => {
  let lab: Lab;
  let netns: string;
  beforeAll(async () => {
    lab = await Lab.open();
    netns = await lab.namespace("a");
    await ipBatch(
      [
        "link add wtu0 address 02:00:00:00:00:11 type veth peer wtu1",
        "link add wtu2 type veth peer wtu3",
        "address add 10.99.0.1/24 dev wtu0",
        "address add fd99::1/64 dev wtu0 nodad",
        "address add 10.98.0.1/24 dev wtu2",
        ...["wtu0", "wtu1", "wtu2", "wtu3"].map((device) => `link set ${device} up`),
        "route add 10.97.0.0/24 via 10.99.0.254",
        "route add 10.95.0.0/24 via inet6 fd99::fe dev wtu0",
        "route add fd97::/64 via fd99::fe",
        "route add 10.96.0.0/24 via 10.98.0.254",
        "route add blackhole 10.94.0.0/24",
        `neighbor add 10.99.0.2 lladdr ${MAC} dev wtu0 nud reachable`,
        `neighbor add 10.99.0.3 lladdr ${MAC} dev wtu0 nud stale`,
        `neighbor add 10.99.0.4 lladdr ${MAC} dev wtu0 nud permanent`,
        "neighbor add 10.99.0.5 dev wtu0 nud failed",
        `neighbor add fd99::2 lladdr ${MAC} dev wtu0 nud reachable`,
        `neighbor add 10.98.0.2 lladdr ${MAC} dev wtu2 nud reachable`,
      ],
      netns,
    );
  });
  afterAll(() => lab?.close());

  /** The functions look where their process is: a program of the module runs there. */
  const call = async (expression: string): Promise<unknown> => {
    const module = new URL("../../../host/netdev/tunnel.ts", import.meta.url).href;
    const script = `
      const t = await import(${JSON.stringify(module)});
      const result = await (async () => ${expression})().catch((error) => ({ error: error.message }));
      console.log(JSON.stringify(result ?? null));`;
    return JSON.parse(await run([process.execPath, "--input-type=module", "-e", script], { netns }));
  };

  test("next hops: on the link, by a gateway of either family, by another device, none, this host", async () => {
    const remotes = ["10.99.0.2", "10.97.0.9", "10.95.0.9", "10.96.0.9", "192.0.2.1", "10.99.0.1", "10.98.0.2", "10.94.0.1", "10.99.0.3"];
    expect(await call(`t.nextHops("10.99.0.1", ${JSON.stringify(remotes)}, "wtu0")`)).toEqual([
      "10.99.0.2",
      "10.99.0.254",
      "fd99::fe",
      null,
      null,
      null,
      null,
      null,
      "10.99.0.3",
    ]);
    expect(await call(`t.nextHops("fd99::1", ["fd99::2", "fd97::2", "fd98::2", "fd99::1"], "wtu0")`)).toEqual([
      "fd99::2",
      "fd99::fe",
      null,
      null,
    ]);
    expect(await call(`t.nextHops("10.99.0.1", [], "wtu0")`)).toEqual([]);
  });

  test("neighbours that can be sent to, on this device", async () => {
    expect(await call(`Object.fromEntries(await t.usableNeighbors("wtu0"))`)).toMatchObject({
      "10.99.0.2": { mac: MAC, stale: false },
      "10.99.0.3": { mac: MAC, stale: true },
      "10.99.0.4": { mac: MAC, stale: false },
      "fd99::2": { mac: MAC, stale: false },
    });
    const all = (await call(`[...(await t.usableNeighbors("wtu0")).keys()]`)) as string[];
    expect(all).not.toContain("10.99.0.5");
    expect(all).not.toContain("10.98.0.2");
  });

  test("a stale neighbour is probed, and found gone when nobody answers", async () => {
    await call(`t.probeNeighbors(["10.99.0.3"], "wtu0")`);
    const state = async () => run(["ip", "neighbor", "show", "10.99.0.3", "dev", "wtu0"], { netns });
    expect(await state()).toMatch(/DELAY|PROBE/);
    await eventually("the kernel to give it up", async () => (await state()).includes("FAILED"), 20_000);
  });

  test("the interface's MAC address, and none where there is no Ethernet", async () => {
    expect(await call(`t.ethernetAddress("wtu0")`)).toBe("02:00:00:00:00:11");
    expect(await call(`t.ethernetAddress("lo")`)).toBe(null);
  });

  test("the Ethernet header of outer packets", async () => {
    const header = (vtep: string) => call(`[...t.ethernetHeader("${MAC}", "02:00:00:00:00:11", "${vtep}")]`);
    const macs = [2, 0, 0, 0, 0, 0x22, 2, 0, 0, 0, 0, 0x11];
    expect(await header("10.99.0.2")).toEqual([...macs, 8, 0]);
    expect(await header("fd99::2")).toEqual([...macs, 0x86, 0xdd]);
  });
});

needTunnelGso(describeNetns, "the redirection of an underlay TAP", [], () => {
  test("everything that is written to it leaves by the device, and no packet of its own", async () => {
    await using lab = await Lab.open();
    const netns = await lab.namespace("a");
    await ipBatch(["link add wtu0 type veth peer wtu1", "link set wtu0 up", "link set wtu1 up"], netns);
    const url = (path: string) => JSON.stringify(new URL(`../../../${path}`, import.meta.url).href);
    const script = `
      import { writeSync } from "node:fs";
      import { execFileSync } from "node:child_process";
      const { openTunnelTap } = await import(${url("host/sys/tunnel-tap.ts")});
      const { redirectTunnelTap } = await import(${url("host/netdev/tunnel.ts")});
      const tap = openTunnelTap();
      await redirectTunnelTap(tap.name, "wtu0");
      const packets = () => JSON.parse(execFileSync("ip", ["-json", "-s", "link", "show", "dev", "wtu1"], { encoding: "utf8" }))[0].stats64.rx.packets;
      const before = packets();
      for (let i = 0; i < 50; i++) writeSync(tap.fd, Buffer.concat([Buffer.alloc(24), Buffer.from("020000000022020000000011 88b5".replace(" ", ""), "hex"), Buffer.alloc(60)]));
      const addresses = JSON.parse(execFileSync("ip", ["-json", "address", "show", "dev", tap.name], { encoding: "utf8" }))[0].addr_info;
      const wrong = await redirectTunnelTap(tap.name, "nosuch0").catch((error) => error.message);
      console.log(JSON.stringify({ came: packets() - before, addresses, wrong }));`;
    const said = JSON.parse(await run([process.execPath, "--input-type=module", "-e", script], { netns }));
    expect(said.came).toBeGreaterThanOrEqual(50);
    expect(said.addresses).toEqual([]);
    expect(said.wrong).toMatch(/^tc qdisc add dev weftu0 clsact: /);
    expect((await attempt(["ip", "link", "show", "weftu0"], { netns })).code).not.toBe(0);
  });
});
