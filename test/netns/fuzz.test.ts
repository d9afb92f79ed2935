// A million random and mutated packets at the data port, and a million frames at a container's interface: no trap, no growth, and every one of them
// is counted: by weft, or by the kernel as dropped before weft could read it. The seed is printed; WEFT_FUZZ_SEED repeats a run.

import { readFileSync } from "node:fs";
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
import { describeNetns } from "./needs.ts";
import { expectBalanced, NETWORK, reachable, settledBooks, VNI } from "./pair.ts";

const PACKETS = 1_000_000;
/** Enough to fill every table and cache: growth is measured from there on. */
const WARM_UP = 250_000;
const GROWTH_BYTES_MAX = 16 << 20;
/** V8 collects late when it may: with little room, what still grows is not garbage. */
const LITTLE_ROOM = "--max-old-space-size=64 --max-semi-space-size=4";
const SOCAT_PORT = 50_100;
const SEED = Number(process.env.WEFT_FUZZ_SEED ?? Date.now() % 1_000_000);
const PAGE_BYTES = 4096;

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
  afterAll(() => lab.close());
  beforeEach(() => expectBalanced([agent]));

  const residentBytes = () => Number(readFileSync(`/proc/${agent.pid}/statm`, "utf8").split(" ")[1]) * PAGE_BYTES;

  /** Nothing trapped, nothing grew, the books balance. */
  async function expectUnshaken(before: number): Promise<void> {
    await expectBalanced([agent]);
    const samples = await agent.metrics();
    expect(total(samples, "weft_worker_restarts_total")).toBe(0);
    expect(total(samples, "weft_dropped_frames_total", { reason: "core_trap" })).toBe(0);
    expect(agent.daemon.exit).toBeNull();
    expect(residentBytes() - before, "growth of the resident set").toBeLessThan(GROWTH_BYTES_MAX);
  }

  async function flood(count: number, seed: number): Promise<number> {
    const argv = [process.execPath, programPath("fuzz-socket"), hosts[0].ip4, "4789", `${VNI}`, `${count}`, `${seed}`];
    const result = JSON.parse(await run(argv, { netns: hosts[1].netns, timeoutMs: 100_000 })) as { sent: number; failed: number };
    expect(result.failed).toBe(0);
    return result.sent;
  }

  /** Datagrams that have come to the data port by any account: weft's own, its sockets' overflow, the kernel's refusals. */
  async function arrived(): Promise<number> {
    const { networks } = await settledBooks(agent);
    const samples = await agent.metrics();
    const kernel = await kernelCounters(hosts[0].netns);
    const received = Object.values(networks).reduce((sum, book) => sum + book.received.underlay, 0);
    return received + total(samples, "weft_socket_dropped_datagrams_total") + kernel.UdpInCsumErrors + kernel.UdpNoPorts;
  }

  test("a million packets at the data port", async () => {
    await flood(WARM_UP, SEED + 1);
    const [before, memory] = [await arrived(), residentBytes()];
    const sent = await flood(PACKETS, SEED);
    await eventually("every datagram to be accounted for", async () => (await arrived()) - before >= sent, 20_000);
    expect((await arrived()) - before).toBe(sent);
    await expectUnshaken(memory);
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
    const [before, memory] = [await counts(), residentBytes()];
    await push(PACKETS, SEED);
    const after = await counts();
    expect(after.received - before.received, `read ${after.read - before.read}, dropped ${after.dropped - before.dropped}`).toBe(
      after.read - before.read,
    );
    expect(after.read - before.read + after.dropped - before.dropped).toBeGreaterThanOrEqual(PACKETS);
    const shown = total(await agent.metrics(), "weft_port_dropped_frames_total", { interface: "eth0" });
    expect(shown).toBeGreaterThanOrEqual(after.dropped);
    expect(socat.exit, socat.describe()).toBeNull();
    await expectUnshaken(memory);
  }, 180_000);

  test("and traffic goes on", async () => {
    const friend = await container(lab, "friend", 4);
    const vtep = await linuxVtep(hosts[1], { vni: VNI, peers: [hosts[0].ip4] });
    await vtep.attach(friend);
    await reachable(friend, inside.ip4);
    await reachable(inside, friend.ip6);
  });
});
