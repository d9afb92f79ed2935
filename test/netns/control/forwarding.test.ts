// Networks and ports that come and go in a running agent, with interfaces and traffic: who is not concerned notices nothing, who goes leaves nothing, and
// a successor takes over what stays. Tables alone: test/contract/control/forwarding.test.ts.

import { afterEach, beforeEach, expect, test } from "vitest";
import { portFor } from "../../../lab/agent.ts";
import { books } from "../../../lab/books.ts";
import { ipBatch, run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { type Container, container, type Host, underlay } from "../../../lab/topology.ts";
import { ping, unanswered } from "../../../lab/traffic/ping.ts";
import { startHeartbeat } from "../../../lab/traffic/transfer.ts";
import { eventually } from "../../../lab/wait.ts";
import { Inside } from "../inside.ts";
import { describeNetns } from "../needs.ts";
import { NETWORK, reachable, VNI } from "../pair.ts";

const ROUNDS = 6;
/** A look at the clock of a busy machine, and retransmissions of TCP. */
const UNTOUCHED_MS = 2000;
const RED = { name: "red", vni: 43 };

/** A network as a test writes it; what it does not say is as a file's. */
interface Wanted {
  name: string;
  vni: number;
  mtu?: number;
  peers?: string[];
  fdb?: [string, string][];
  ports?: { netns: string; interface: string; addresses: string[]; mac: string }[];
}

interface Applied {
  actions: number;
  failures: string[];
}

describeNetns("forwarding", [], () => {
  let lab: Lab;
  let hosts: Host[];
  let one: Container;
  let two: Container;
  let three: Container;
  let far: Container;
  let agent: Inside;

  beforeEach(async () => {
    lab = await Lab.open();
    hosts = await underlay(lab, ["a", "b"]);
    one = await container(lab, "one", 1);
    two = await container(lab, "two", 2);
    three = await container(lab, "three", 3);
    far = await container(lab, "far", 4);
    const networks = [{ name: NETWORK, vni: VNI, peers: [hosts[0].ip4], ports: [portFor(far)] }];
    [agent] = await Promise.all([start(), Inside.start(hosts[1], { networks })]);
    await reachable(one, far.ip4);
  });
  afterEach(() => lab?.close());

  const start = () => Inside.start(hosts[0], { networks: [{ name: NETWORK, vni: VNI, peers: [hosts[1].ip4], ports: [portFor(one)] }] });
  const port = (inside: Container, change: Partial<NonNullable<Wanted["ports"]>[number]> = {}) => ({
    netns: inside.netns,
    interface: "eth0",
    addresses: inside.cidrs,
    mac: inside.mac,
    ...change,
  });
  const blue = (): Wanted => ({ name: NETWORK, vni: VNI, peers: [hosts[1].ip4], ports: [port(one)] });
  /** Applies, or reconciles with, these networks and no others. */
  const change = (what: "apply" | "reconcile", networks: Wanted[]) =>
    agent.run(
      async ({ agent: { forwarding } }, [how, all]) => {
        const flags = { learning: true, allowUnlistedSources: false, ignoreReservedBits: false, allowVlanTags: false };
        const rest = { ...flags, tos: "inherit", ttl: "inherit", ageingSeconds: 300 } as const;
        const rows = all.map(({ name, vni, mtu, peers, fdb, ports }) => {
          const settings = { ...rest, name, vni, mtu: mtu ?? null };
          const listed = new Map((ports ?? []).map((each) => [`${each.netns}/${each.interface}`, each] as const));
          return [name, { settings, peers: new Set(peers), fdb: new Map(fdb), neighbors: new Map(), ports: listed }] as const;
        });
        if (how === "apply") return { drift: 0, applied: await forwarding.apply(new Map(rows), "all") };
        return forwarding.reconcile(new Map(rows));
      },
      [what, networks] as const,
    );
  const apply = async (...networks: Wanted[]): Promise<Applied> => (await change("apply", networks)).applied;
  const eth0 = async ({ netns }: Container) => {
    const links = JSON.parse(await run(["ip", "-json", "-n", netns, "address"])) as {
      ifname: string;
      ifindex: number;
      address: string;
      mtu: number;
      addr_info: { local: string; scope: string }[];
    }[];
    return links.find(({ ifname }) => ifname === "eth0");
  };
  const expectBooks = async () => {
    const { networks } = await agent.settledBooks();
    for (const [name, { came, went }] of Object.entries(networks)) expect(went, name).toBe(came);
    return networks;
  };

  test("a network with its ports comes and goes again and again, under traffic, and another's flow is not touched", async () => {
    const heartbeat = await startHeartbeat(lab, { from: one.netns, to: far.netns, address: far.ip4 });
    const flow = ping(one.netns, far.ip4, { count: 400, intervalSeconds: 0.01 });
    const indices = new Set<number>();
    const red = { ...RED, peers: [hosts[1].ip4, "10.99.0.77"], fdb: [["02:00:00:00:00:77", "10.99.0.77"]] as [string, string][] };
    for (let round = 0; round < ROUNDS; round++) {
      expect((await apply(blue(), { ...red, ports: [port(two), port(three)] })).failures).toEqual([]);
      indices.add(await agent.run(({ agent: { forwarding } }) => forwarding.networks.get("red").index));
      expect((await ping(two.netns, three.ip4, { count: 3, atOnce: true })).received).toBe(3);
      // Nobody there has this VNI: its drops stay counted when the network is gone.
      expect((await ping(two.netns, "10.0.0.99", { count: 1, waitSeconds: 0.1 })).received).toBe(0);
      expect((await apply(blue())).failures).toEqual([]);
      expect([await eth0(two), await eth0(three)]).toEqual([undefined, undefined]);
    }
    expect(indices.size).toBe(1);
    expect(unanswered(await flow)).toEqual([]);
    const { longestMs, error } = await heartbeat.stop();
    expect(error).toBeNull();
    expect(longestMs).toBeLessThan(UNTOUCHED_MS);
    expect(Object.keys(await expectBooks()).sort()).toEqual(["", NETWORK]);
    expect(await agent.run(({ agent: { forwarding } }) => forwarding.vteps.all.map(({ address }) => address))).toEqual([hosts[1].ip4]);
    expect((await change("reconcile", [blue()])).drift).toBe(0);
  });

  test("what is sent while its network goes is counted all the same", async () => {
    await apply(blue(), { ...RED, ports: [port(two), port(three)] });
    await reachable(two, three.ip4);
    const before = await expectBooks();
    expect(before.red.received.port).toBeGreaterThan(0);
    const flood = ping(two.netns, three.ip4, { count: 300, intervalSeconds: 0.002, waitSeconds: 0.1 });
    await eventually("some of it", async () => books(await agent.metrics()).networks.red.received.port > before.red.received.port + 5);
    expect((await apply(blue())).failures).toEqual([]);
    await flood;
    const after = await expectBooks();
    expect(after.red).toBeUndefined();
    expect(after[""].received.port).toBeGreaterThan(before.red.received.port);
  });

  test("a missing namespace is one line, the others are made; it gets its port when it comes", async () => {
    const [gone, made] = [`${one.netns}-gone`, two];
    const red = { ...RED, ports: [port(made), port(three, { netns: gone })] };
    const { failures } = await apply(blue(), red);
    expect(failures).toEqual([expect.stringMatching(new RegExp(`^port ${gone}/eth0 of network red: network namespace .* is missing`))]);
    expect(await eth0(made)).toMatchObject({ address: made.mac });
    const again = await change("reconcile", [blue(), red]);
    expect([again.drift, again.applied.failures.length]).toEqual([0, 1]);
    await run(["ip", "netns", "add", gone]);
    lab.defer(async () => void (await run(["ip", "netns", "delete", gone])));
    await reachable(made, three.ip4);
    expect((await change("reconcile", [blue(), red])).applied).toEqual({ actions: 0, failures: [] });
  });

  test("a port gets other addresses, another MAC, another MTU, and stays what it is", async () => {
    await apply(blue(), { ...RED, ports: [port(two), port(three)] });
    const before = await eth0(two);
    const other = { addresses: ["10.0.0.22/24"], mac: "02:42:0a:00:00:22" };
    expect(await apply(blue(), { ...RED, mtu: 1300, ports: [port(two, other), port(three)] })).toMatchObject({ failures: [] });
    const after = await eth0(two);
    expect(after).toMatchObject({ ifindex: before?.ifindex, address: other.mac, mtu: 1300 });
    expect(after?.addr_info.filter(({ scope }) => scope === "global").map(({ local }) => local)).toEqual(["10.0.0.22"]);
    expect(await eth0(three)).toMatchObject({ mtu: 1300 });
    await reachable(three, "10.0.0.22");
    expect((await change("reconcile", [blue(), { ...RED, mtu: 1300, ports: [port(two, other), port(three)] }])).drift).toBe(0);
    // The same namespace in another network: it is made anew there.
    expect((await apply({ ...blue(), ports: [port(one), port(two)] }, RED)).failures).toEqual([]);
    await reachable(two, far.ip4);
  });

  test("interfaces that somebody changed are drift, and put right", async () => {
    const ports = [port(two), port(three)];
    await apply(blue(), { ...RED, ports });
    await ipBatch(["link set eth0 down", "link set eth0 name other"], two.netns);
    await ipBatch([`address del ${three.ip4}/24 dev eth0`], three.netns);
    expect(await change("reconcile", [blue(), { ...RED, ports }])).toMatchObject({ drift: 2, applied: { failures: [] } });
    expect(agent.log("port restored").map(({ detail }) => detail)).toEqual(
      expect.arrayContaining(["it is called other", `it has no address ${three.ip4}/24`]),
    );
    await reachable(two, three.ip4);
    await reachable(three, two.ip4);
    expect((await change("reconcile", [blue(), { ...RED, ports }])).drift).toBe(0);
  });

  test("one that cannot be put right is told of, each time", async () => {
    await apply(blue(), { ...RED, ports: [port(two)] });
    await ipBatch(["link set eth0 down", "link set eth0 name other", "link add eth0 type bridge"], two.netns);
    const reconcile = () => change("reconcile", [blue(), { ...RED, ports: [port(two)] }]);
    const failures = [expect.stringMatching(`^port ${two.netns}/eth0 of network red: ip link set dev other .*File exists`)];
    expect(await reconcile()).toMatchObject({ drift: 1, applied: { failures } });
    await ipBatch(["link del eth0"], two.netns);
    expect(await reconcile()).toMatchObject({ drift: 1, applied: { failures: [] } });
    expect((await reconcile()).drift).toBe(0);
  });

  test("a port that was renamed goes with what is asked for; another's interface of its old name stays", async () => {
    await apply(blue(), { ...RED, ports: [port(two)] });
    await ipBatch(["link set eth0 down", "link set eth0 name other", "link add eth0 type bridge"], two.netns);
    expect(await apply(blue(), { ...RED, ports: [] })).toMatchObject({ failures: [] });
    await eventually("it to be gone", async () => {
      const links = JSON.parse(await run(["ip", "-json", "-n", two.netns, "link"])) as { ifname: string }[];
      return links.map(({ ifname }) => ifname).join() === "lo,eth0";
    });
    await ipBatch(["link del eth0"], two.netns);
  });

  test("released, every interface stays for a successor, with its addresses, and a TCP connection lives on", async () => {
    const heartbeat = await startHeartbeat(lab, { from: one.netns, to: far.netns, address: far.ip4 });
    const before = await eth0(one);
    await agent.run(({ agent: { forwarding } }) => forwarding.release());
    expect(await eth0(one)).toMatchObject({ ifindex: before?.ifindex, address: before?.address });
    await agent.kill();
    agent = await start();
    expect(agent.log("port adopted")).toHaveLength(1);
    await reachable(one, far.ip4);
    expect(await eth0(one)).toMatchObject({ ifindex: before?.ifindex, mtu: before?.mtu });
    const { beats, error } = await heartbeat.stop();
    expect([beats > 0, error]).toEqual([true, null]);
  });

  test("ports of a killed agent that nobody wants any more are removed, also those that were made while it ran", async () => {
    await apply(blue(), { ...RED, ports: [port(two)] });
    expect(await eth0(two)).toBeDefined();
    await agent.kill();
    agent = await start();
    await eventually("the port to go", async () => (await eth0(two)) === undefined);
    await reachable(one, far.ip4);
  });
});
