// A start that fails half-way leaves nothing: no interface, no socket, no record, no descriptor. What an earlier agent left stays, and stays known.

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type AgentFile, agentFile, portFor, startAgent, writeConfig } from "../../../lab/agent.ts";
import { ipBatch, run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { type Container, container, type Host, underlay } from "../../../lab/topology.ts";
import { startProgram } from "../../../lab/traffic/transfer.ts";
import { Inside } from "../inside.ts";
import { describeNetns } from "../needs.ts";
import { NETWORK, VNI } from "../pair.ts";

const PROGRAM = fileURLToPath(new URL("../programs/failing-start.ts", import.meta.url));
/** Less than four workers need, more than Node does. */
const FEW_DESCRIPTORS = 100;

interface Attempt {
  message: string | null;
  taps: number;
  sockets: number;
  kinds: Record<string, number>;
}

describeNetns("a start that fails", ["socat"], () => {
  let lab: Lab;
  let hosts: Host[];
  let one: Container;
  let two: Container;

  beforeEach(async () => {
    lab = await Lab.open();
    hosts = await underlay(lab, ["a", "b"]);
    [one, two] = [await container(lab, "one", 1), await container(lab, "two", 2)];
  });
  afterEach(() => lab?.close());

  const file = (change: Partial<AgentFile> = {}): AgentFile => {
    const networks = [{ name: NETWORK, vni: VNI, peers: [hosts[1].ip4], ports: [one, two].map(portFor) }];
    return { ...agentFile(hosts[0], { networks }), ...change };
  };
  const attempts = async (config: AgentFile, prefix: string[] = []): Promise<Attempt[]> => {
    const argv = [...prefix, process.execPath, "--disable-warning=ExperimentalWarning", PROGRAM, writeConfig(hosts[0], config)];
    const text = await run(argv, { netns: hosts[0].netns });
    return text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Attempt);
  };
  const limit = (descriptors: number) => ["prlimit", `--nofile=${descriptors}`];
  const interfaces = async ({ netns }: Container) => {
    const links = JSON.parse(await run(["ip", "-json", "-n", netns, "link"])) as { ifname: string }[];
    return links.map(({ ifname }) => ifname).filter((name) => name !== "lo");
  };
  const record = () => `${file().socket}.ports.json`;

  /** Every attempt failed for this reason and left nothing in the process; the first may have loaded what the others find. */
  function expectClean(all: Attempt[], why: RegExp): void {
    expect(all).toHaveLength(3);
    for (const { message, taps } of all) {
      expect(message).toMatch(why);
      expect(message).not.toContain("\n");
      expect(taps).toBe(0);
    }
    expect(all.map(({ sockets }) => sockets)).toEqual(Array(3).fill(all[0].sockets));
    expect(all[2].kinds).toEqual(all[1].kinds);
  }
  /** Nothing in the file system and in the namespaces, but these interfaces. */
  async function expectNothing(left: Record<string, string[]> = {}): Promise<void> {
    for (const inside of [one, two]) expect(await interfaces(inside), inside.name).toEqual(left[inside.name] ?? []);
    expect(existsSync(record())).toBe(false);
  }

  test("for its second port", async () => {
    await ipBatch(["link add eth0 type bridge"], two.netns);
    expectClean(await attempts(file()), /interface eth0 .*two.*not weft's/);
    await expectNothing({ two: ["eth0"] });
    expect(existsSync(file().socket)).toBe(false);
  });

  test("for the address of its metrics", async () => {
    const holder = startProgram(lab, hosts[0].netns, "echo", ["127.0.0.1", 9477]);
    await holder.waitFor(/listening/);
    expectClean(await attempts(file()), /metrics: .*127\.0\.0\.1:9477.*in use/);
    await expectNothing();
    expect(existsSync(file().socket)).toBe(false);
  });

  test("for its socket, which another agent serves and goes on to serve", async () => {
    const { socket } = file();
    const networks = [{ name: NETWORK, vni: VNI, peers: [hosts[0].ip4], ports: [] }];
    const other = await Inside.start(hosts[1], { networks }, { socket });
    expectClean(await attempts(file()), /socket .*a\.sock: already served/);
    for (const inside of [one, two]) expect(await interfaces(inside)).toEqual([]);
    expect(existsSync(socket)).toBe(true);
    await run(["socat", "-u", "OPEN:/dev/null", `UNIX-CONNECT:${socket}`]);
    expect(await other.stop()).toEqual({ code: 0, signal: null });
    await expectNothing();
  });

  test("for its data port", async () => {
    const holder = startProgram(lab, hosts[0].netns, "udp-receive", [hosts[0].ip4, 4789, 60_000]);
    await holder.waitFor(/listening/);
    expectClean(await attempts(file()), /node\.dataPort: UDP port 4789 on 10\.99\.0\.1 is in use/);
    await expectNothing();
  });

  test("for want of descriptors", async () => {
    expectClean(await attempts(file({ workers: 4 }), limit(FEW_DESCRIPTORS)), /EMFILE|too many open files/);
    await expectNothing();
    expect(existsSync(file().socket)).toBe(false);
  });

  test.each([58, 70, 76, 82])(
    "for want of descriptors, with %i, wherever it is felt: what cannot be removed stays recorded",
    async (count) => {
      // `ip` cannot be started without descriptors either.
      for (const { message, taps } of await attempts(file({ workers: 2 }), limit(count))) {
        expect(message ?? "EMFILE").toMatch(/EMFILE|too many open files/i);
        expect(taps).toBe(0);
      }
      expect(existsSync(file().socket)).toBe(false);
      const left: string[] = [];
      for (const inside of [one, two]) if ((await interfaces(inside)).length > 0) left.push(`/run/netns/${inside.netns}`);
      const known = existsSync(record()) ? (JSON.parse(readFileSync(record(), "utf8")) as { netnsPath: string }[]) : [];
      expect(known.map(({ netnsPath }) => netnsPath)).toEqual(expect.arrayContaining(left));
    },
  );

  test("does not happen for no reason: the same file starts, and stops, several times in one process", async () => {
    const all = await attempts(file());
    expect(all.map(({ message, taps }) => ({ message, taps }))).toEqual(Array(3).fill({ message: null, taps: 0 }));
    expect(all[2].kinds).toEqual(all[1].kinds);
    await expectNothing();
  });

  test("keeps an interface that an earlier agent left, and its record, so that a later one can clear it", async () => {
    const first = await startAgent(hosts[0], { networks: file().networks });
    await first.kill();
    await ipBatch(["link del eth0", "link add eth0 type bridge"], two.netns);
    expectClean(await attempts(file()), /interface eth0 .*two.*not weft's/);
    expect(await interfaces(one)).toEqual(["eth0"]);
    expect(JSON.parse(readFileSync(record(), "utf8"))).toContainEqual({ netnsPath: `/run/netns/${one.netns}`, interface: "eth0" });
    const [network] = file().networks;
    const second = await startAgent(hosts[0], { networks: [{ ...network, ports: [] }] });
    expect(await interfaces(one)).toEqual([]);
    expect(await second.stop()).toEqual({ code: 0, signal: null });
    await expectNothing({ two: ["eth0"] });
  });
});
