// A million random and mutated packets at the data port, and a million frames at a container's interface: no trap, no growth, and every one of them
// is counted: by weft, or by the kernel as dropped before weft could read it. Then fewer over an IPv6 underlay, and fewer with virtio-net headers that
// lie, as far as the kernel lets them through. The seed is that of all random tests.

import { readFileSync } from "node:fs";
import { setImmediate as immediate } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Agent, portFor, startAgent } from "../../lab/agent.ts";
import { run } from "../../lab/command.ts";
import { Lab } from "../../lab/lab.ts";
import { linuxVtep } from "../../lab/linux-vtep.ts";
import { total } from "../../lab/metrics.ts";
import { kernelCounters } from "../../lab/snmp.ts";
import { type Container, container, type Host, underlay } from "../../lab/topology.ts";
import { programPath } from "../../lab/traffic/transfer.ts";
import { eventually } from "../../lab/wait.ts";
import { anyFromPort } from "../oracle/fuzz.ts";
import { Random, seed as SEED } from "../oracle/random.ts";
import { vnetBytes } from "../oracle/vnet.ts";
import { describeNetns } from "./needs.ts";
import { PacketSocket } from "./packet-socket.ts";
import { expectBalanced, NETWORK, reachable, settledBooks, VNI } from "./pair.ts";

const PACKETS = 1_000_000;
/** Enough to fill every table and cache: growth is measured from there on. */
const WARM_UP = 250_000;
const PACKETS_IPV6 = 200_000;
const LIES = 50_000;
const GROWTH_BYTES_MAX = 16 << 20;
/** V8 collects late when it may: with little room, what still grows is not garbage. */
const LITTLE_ROOM = "--max-old-space-size=64 --max-semi-space-size=4";
const SOCAT_PORT = 50_100;
const PAGE_BYTES = 4096;

function residentBytes(agent: Agent): number {
  return Number(readFileSync(`/proc/${agent.pid}/statm`, "utf8").split(" ")[1]) * PAGE_BYTES;
}

function expectNoGrowth(agent: Agent, before: number): void {
  expect(residentBytes(agent) - before, "growth of the resident set").toBeLessThan(GROWTH_BYTES_MAX);
}

/** Nothing trapped, the books balance. */
async function expectUnshaken(agent: Agent): Promise<void> {
  await expectBalanced([agent]);
  const samples = await agent.metrics();
  expect(total(samples, "weft_worker_restarts_total")).toBe(0);
  expect(total(samples, "weft_dropped_frames_total", { reason: "core_trap" })).toBe(0);
  expect(agent.daemon.exit).toBeNull();
}

/** Sends packets to an agent's data port; gives how many the kernel took. */
async function flood(from: Host, address: string, count: number, seed: number): Promise<number> {
  const argv = [process.execPath, programPath("fuzz-socket"), address, "4789", `${VNI}`, `${count}`, `${seed}`];
  const result = JSON.parse(await run(argv, { netns: from.netns, timeoutMs: 100_000 })) as { sent: number; failed: number };
  expect(result.failed).toBe(0);
  return result.sent;
}

/** Datagrams that have come to the data port by any account: weft's own, its sockets' overflow, the kernel's refusals. */
async function arrived(agent: Agent): Promise<number> {
  const { networks } = await settledBooks(agent);
  const samples = await agent.metrics();
  const kernel = await kernelCounters(agent.host.netns);
  const received = Object.values(networks).reduce((sum, book) => sum + book.received.underlay, 0);
  const refused = kernel.UdpInCsumErrors + kernel.UdpNoPorts + kernel.Udp6InCsumErrors + kernel.Udp6NoPorts;
  return received + total(samples, "weft_socket_dropped_datagrams_total") + refused;
}

async function expectArrived(agent: Agent, count: number): Promise<void> {
  await eventually("every datagram to be accounted for", async () => (await arrived(agent)) >= count, 20_000);
  expect(await arrived(agent)).toBe(count);
}

/** Puts frames with virtio-net headers on a container's eth0; gives how many the kernel took. */
async function offerLies(netns: string): Promise<number> {
  const random = new Random(SEED);
  const socket = await PacketSocket.open(netns, 0);
  let taken = 0;
  try {
    socket.withVnetHeader();
    for (let i = 0; i < LIES; i++) {
      const { frame, vnet = {} } = anyFromPort(random);
      if (socket.offer(Buffer.concat([vnetBytes(vnet), frame]))) taken++;
      if (i % 64 === 0) await immediate();
    }
    return taken;
  } finally {
    socket.close();
  }
}

describeNetns("fuzz", ["socat"], () => {
  let lab: Lab;
  let hosts: Host[];
  let inside: Container;
  let second: Container;
  let agent: Agent;

  beforeAll(async () => {
    lab = await Lab.open();
    hosts = await underlay(lab, ["a", "b"]);
    inside = await container(lab, "inside", 1);
    second = await container(lab, "second", 3);
    agent = await startAgent(hosts[0], {
      environment: { NODE_OPTIONS: LITTLE_ROOM },
      networks: [{ name: NETWORK, vni: VNI, peers: [hosts[1].ip4], ports: [inside, second].map(portFor) }],
    });
    console.log(`fuzz seed ${SEED}`);
  });
  afterAll(() => lab?.close());
  beforeEach(() => expectBalanced([agent]));

  test("a million packets at the data port", async () => {
    await flood(hosts[1], hosts[0].ip4, WARM_UP, SEED + 1);
    const [before, memory] = [await arrived(agent), residentBytes(agent)];
    const sent = await flood(hosts[1], hosts[0].ip4, PACKETS, SEED);
    await expectArrived(agent, before + sent);
    await expectUnshaken(agent);
    expectNoGrowth(agent, memory);
  }, 180_000);

  test("a million frames at a container's interface", async () => {
    const bind = `UDP4-RECV:${SOCAT_PORT},bind=127.0.0.1,rcvbuf=${8 << 20}`;
    const socat = lab.spawn(["socat", "-u", "-b", "65536", bind, "INTERFACE:eth0"], { netns: inside.netns, name: "socat" });
    await eventually(
      "socat to listen",
      async () => (await run(["ss", "-Hlnu", "sport", "=", `${SOCAT_PORT}`], { netns: inside.netns })) !== "",
    );
    const push = async (count: number, seed: number) => {
      const argv = [process.execPath, programPath("fuzz-frames"), `${SOCAT_PORT}`, `${count}`, `${seed}`];
      await run(argv, { netns: inside.netns, timeoutMs: 100_000 });
    };
    // tx_packets: read by weft; tx_dropped: the interface's queue was full.
    // Of both containers: the second answers what reaches it.
    const statistic = async (name: string) => {
      const files = [inside, second].map(({ netns }) => run(["cat", `/sys/class/net/eth0/statistics/${name}`], { netns }));
      return (await Promise.all(files)).reduce((sum, text) => sum + Number(text), 0);
    };
    // socat and the interface's queue still hold frames when a push ends.
    const counts = () =>
      eventually("the interface to be quiet", async () => {
        const [read, dropped] = [await statistic("tx_packets"), await statistic("tx_dropped")];
        const received = (await settledBooks(agent)).networks[NETWORK].received.port;
        const quiet = read === (await statistic("tx_packets")) && dropped === (await statistic("tx_dropped"));
        return quiet && { read, dropped, received };
      });
    await push(WARM_UP, SEED + 2);
    const [before, memory] = [await counts(), residentBytes(agent)];
    await push(PACKETS, SEED);
    const after = await counts();
    expect(after.received - before.received, `read ${after.read - before.read}, dropped ${after.dropped - before.dropped}`).toBe(
      after.read - before.read,
    );
    expect(after.read - before.read + after.dropped - before.dropped).toBeGreaterThanOrEqual(PACKETS);
    const shown = total(await agent.metrics(), "weft_port_dropped_frames_total", { interface: "eth0" });
    expect(shown).toBeGreaterThanOrEqual(after.dropped);
    expect(socat.exit, socat.describe()).toBeNull();
    await expectUnshaken(agent);
    expectNoGrowth(agent, memory);
  }, 180_000);

  test("and traffic goes on", async () => {
    const friend = await container(lab, "friend", 4);
    const vtep = await linuxVtep(hosts[1], { vni: VNI, peers: [hosts[0].ip4] });
    await vtep.attach(friend);
    await reachable(friend, inside.ip4);
    await reachable(inside, friend.ip6);
  });
});

describeNetns("fuzz over an IPv6 underlay", [], () => {
  let lab: Lab;
  let hosts: Host[];
  let agent: Agent;

  beforeAll(async () => {
    lab = await Lab.open();
    hosts = await underlay(lab, ["a", "b"]);
    const inside = await container(lab, "inside", 1);
    agent = await startAgent(hosts[0], {
      family: 6,
      networks: [{ name: NETWORK, vni: VNI, peers: [hosts[1].ip6], ports: [portFor(inside)] }],
    });
  });
  afterAll(() => lab?.close());

  test(`${PACKETS_IPV6} packets at the data port (seed ${SEED})`, async () => {
    const before = await arrived(agent);
    const sent = await flood(hosts[1], hosts[0].ip6, PACKETS_IPV6, SEED);
    await expectArrived(agent, before + sent);
    await expectUnshaken(agent);
  }, 120_000);
});

for (const injection of ["off", "on"] as const) {
  describeNetns(`fuzz with virtio-net headers, injection ${injection}`, [], () => {
    let lab: Lab;
    let inside: Container;
    let agent: Agent;

    beforeAll(async () => {
      lab = await Lab.open();
      const hosts = await underlay(lab, ["a", "b"]);
      inside = await container(lab, "inside", 1);
      const second = await container(lab, "second", 3);
      // One of the two addresses that the generator's superframes go to; the other is flooded.
      const fdb = [{ mac: "02:00:00:00:00:0c", vtep: hosts[1].ip4 }];
      const ports = [inside, second].map(portFor);
      agent = await startAgent(hosts[0], { injection, networks: [{ name: NETWORK, vni: VNI, peers: [hosts[1].ip4], fdb, ports }] });
    });
    afterAll(() => lab?.close());

    test(`${LIES} frames from a container, many with headers that lie (seed ${SEED})`, async () => {
      const read = async () => Number(await run(["cat", "/sys/class/net/eth0/statistics/tx_packets"], { netns: inside.netns }));
      const count = async () => (await settledBooks(agent)).networks[NETWORK].received.port;
      const [readBefore, before] = [await read(), await count()];
      const taken = await offerLies(inside.netns);
      const received = (await count()) - before;
      // The kernel refuses some; of what it takes, each superframe is many frames.
      console.log(`${taken} of ${LIES} taken, ${(await read()) - readBefore} read as ${received} frames`);
      expect(taken).toBeGreaterThan(LIES / 4);
      expect(received).toBeGreaterThan((await read()) - readBefore);
      await expectUnshaken(agent);
    }, 120_000);
  });
}
