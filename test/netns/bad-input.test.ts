// Configurations and hosts that an agent cannot run with: one clear line that names the place, the right exit code, and nothing created.

import { existsSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { type AgentFile, agentFile, type NetworkFile, portFor, spawnAgent, startAgent, WEFT, writeConfig } from "../../lab/agent.ts";
import { run } from "../../lab/command.ts";
import type { Daemon } from "../../lab/daemon.ts";
import { Lab } from "../../lab/lab.ts";
import { type Container, container, type Host, underlay } from "../../lab/topology.ts";
import { startProgram } from "../../lab/traffic/transfer.ts";
import { describeNetns } from "./needs.ts";
import { NETWORK, VNI } from "./pair.ts";

const NOBODY = 65534;

describeNetns("what an agent refuses", ["setpriv", "unshare"], () => {
  let lab: Lab;
  let host: Host;
  let other: Host;
  let left: Container;
  let right: Container;

  beforeAll(async () => {
    lab = await Lab.open();
    [host, other] = await underlay(lab, ["a", "b"]);
    [left, right] = [await container(lab, "left", 1), await container(lab, "right", 2)];
  });
  afterAll(() => lab?.close());

  function goodFile(change: (network: NetworkFile, file: AgentFile) => void = () => {}): AgentFile {
    const network: NetworkFile = { name: NETWORK, vni: VNI, peers: [other.ip4], ports: [portFor(left), portFor(right)] };
    const file = agentFile(host, { networks: [network] });
    change(network, file);
    return file;
  }

  async function expectNothing(): Promise<void> {
    for (const { netns, name } of [left, right]) {
      const links = JSON.parse(await run(["ip", "-json", "-n", netns, "link"])) as { ifname: string }[];
      expect(
        links.map(({ ifname }) => ifname),
        `interfaces of ${name}`,
      ).toEqual(["lo"]);
    }
    expect(existsSync(goodFile().socket), "the socket").toBe(false);
  }

  /** One line on stderr (log lines are JSON and do not count), nothing on stdout, the exit code. */
  async function expectRefusal(daemon: Daemon, code: number, text: RegExp): Promise<void> {
    const exit = await daemon.exited;
    const lines = daemon.stderr
      .trim()
      .split("\n")
      .filter((line) => !line.startsWith("{"));
    expect(lines, daemon.describe()).toHaveLength(1);
    expect(lines[0]).toMatch(text);
    expect(daemon.stdout).toBe("");
    expect(exit, lines[0]).toEqual({ code, signal: null });
  }

  const FILES: { name: string; text: RegExp; change: (network: NetworkFile, file: AgentFile) => void }[] = [
    {
      name: "an unknown key",
      text: /a\.yaml:\d+:\d+: .*networks\[0\]\.pears.*unknown key.*peers/,
      change: (network) => Object.assign(network, { pears: [] }),
    },
    {
      name: "a VNI beyond 24 bits",
      text: /a\.yaml:\d+:\d+: .*networks\[0\]\.vni.*16777216/,
      change: (network) => Object.assign(network, { vni: 2 ** 24 }),
    },
    {
      name: "two ports with one MAC",
      text: /a\.yaml:\d+:\d+: .*networks\[0\]\.ports\[1\]\.mac.*02:42:0a:00:00:01.*ports\[0\]/,
      change: (network) => Object.assign(network.ports[1], { mac: network.ports[0].mac }),
    },
    {
      name: "a missing namespace",
      text: /a\.yaml:\d+:\d+: .*networks\[0\]\.ports\[1\]\.netns.*no-such-namespace/,
      change: (network) => Object.assign(network.ports[1], { netns: "no-such-namespace" }),
    },
    { name: "no networks", text: /a\.yaml.*networks.*required/, change: (_, file) => Object.assign(file, { networks: undefined }) },
    {
      name: "a VTEP address that is not this host's",
      text: /node\.vtep.*10\.99\.0\.9/,
      change: (_, file) => Object.assign(file.node, { vtep: "10.99.0.9" }),
    },
  ];

  test.each(FILES)("$name", async ({ text, change }) => {
    const daemon = spawnAgent(host, writeConfig(host, goodFile(change)));
    const { code } = await daemon.exited;
    expect([1, 2]).toContain(code);
    await expectRefusal(daemon, code ?? -1, text);
    await expectNothing();
  });

  test("exit code 2 for a wrong file", async () => {
    const daemon = spawnAgent(
      host,
      writeConfig(
        host,
        goodFile((network) => Object.assign(network, { vni: -1 })),
      ),
    );
    await expectRefusal(daemon, 2, /networks\[0\]\.vni/);
  });

  test("a file that is not YAML", async () => {
    await expectRefusal(spawnAgent(host, writeConfig(host, "node: [\n")), 2, /a\.yaml:\d+:\d+: /);
    await expectNothing();
  });

  test("a file that is not there", async () => {
    await expectRefusal(spawnAgent(host, `${lab.directory}/absent.yaml`), 2, /absent\.yaml/);
  });

  test("an unknown flag, and no flag", async () => {
    for (const words of [["agent", "--conf", "x"], ["agent"]]) {
      const daemon = lab.spawn([WEFT, ...words], { netns: host.netns });
      expect((await daemon.exited).code).toBe(2);
      expect(daemon.stderr).toMatch(/--conf/);
      expect(daemon.stdout).toBe("");
    }
  });

  test("a data port in use", async () => {
    const holder = startProgram(lab, host.netns, "udp-receive", [host.ip4, 4789, 60_000]);
    await holder.waitFor(/listening/);
    await expectRefusal(spawnAgent(host, writeConfig(host, goodFile())), 1, /4789.*(in use|EADDRINUSE)|(in use|EADDRINUSE).*4789/);
    await holder.kill();
    await expectNothing();
  });

  test("a user who is not root", async () => {
    // Readable by everybody, where nobody may read the lab's directory.
    const config = writeConfig(host, goodFile());
    await run(["chmod", "-R", "a+rX", lab.directory]);
    const argv = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", WEFT, "agent", "--config", config];
    await expectRefusal(lab.spawn(argv, { netns: host.netns }), 1, /root|CAP_NET_ADMIN/);
    await expectNothing();
  });

  test("no /dev/net/tun", async () => {
    const config = writeConfig(host, goodFile());
    const script = 'mount -t tmpfs none /dev/net && exec "$0" agent --config "$1"';
    await expectRefusal(lab.spawn(["unshare", "-m", "sh", "-c", script, WEFT, config], { netns: host.netns }), 1, /\/dev\/net\/tun/);
    await expectNothing();
  });

  test("an interface of that name that is not weft's", async () => {
    await run(["ip", "-n", right.netns, "link", "add", "eth0", "type", "veth", "peer", "name", "other"]);
    await expectRefusal(spawnAgent(host, writeConfig(host, goodFile())), 1, /eth0.*right/);
    await run(["ip", "-n", right.netns, "link", "del", "eth0"]);
    await expectNothing();
  });

  test("a second agent on the same host", async () => {
    const first = await startAgent(host, { networks: goodFile().networks });
    const second = spawnAgent(host, writeConfig(host, goodFile(), "second.yaml"));
    await expectRefusal(second, 1, /4789|a\.sock|running|in use/);
    const socket = `${lab.directory}/third.sock`;
    const third = { ...goodFile(), socket, metrics: "off", networks: [] };
    await expectRefusal(spawnAgent(host, writeConfig(host, stringify(third), "third.yaml")), 1, /4789/);
    expect((await first.client("fdb", "show")).code).toBe(0);
    expect(await first.stop()).toEqual({ code: 0, signal: null });
    await expectNothing();
  });
});
