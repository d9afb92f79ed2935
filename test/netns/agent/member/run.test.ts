import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Member, startCluster } from "../../../../lab/cluster.ts";
import { run } from "../../../../lab/command.ts";
import { Lab } from "../../../../lab/lab.ts";
import { type Host, underlay } from "../../../../lab/topology.ts";
import { describeNetns } from "../../needs.ts";

describeNetns("weft up, the process", ["nft"], () => {
  let lab: Lab;
  let hosts: Host[];
  let member: Member;
  let place: string;
  beforeAll(async () => {
    lab = await Lab.open();
    hosts = await underlay(lab, ["a", "b"]);
    member = (await startCluster([hosts[0]])).manager;
    place = await lab.namespace("x");
  });
  afterAll(() => lab?.close());

  const links = () => run(["ip", "-br", "-n", place, "link"]);

  test("says who it is, in one line", () => {
    expect(member.daemon.stdout).toMatch(/^weft ready node=a role=manager cluster=[0-9a-z]{25} vtep=10\.99\.0\.1:4789 socket=\S+\n$/);
  });

  test("another with the same state directory is refused by name", async () => {
    const second = new Member(hosts[0], ["up"], { flags: ["--socket", join(lab.directory, "other.sock"), "--metrics", "off"] }).spawn();
    expect((await second.exited).code).toBe(1);
    expect(second.stderr.trim()).toContain(`state directory ${member.stateDir}: in use by weft (pid ${member.daemon.pid})`);
    expect(second.stderr.trim().split("\n")).toHaveLength(1);
  });

  test("SIGTERM ends it, and leaves what it made to its successor", async () => {
    await member.weft("network", "create", "blue");
    await member.weft("network", "connect", "blue", `netns:/run/netns/${place}`);
    expect((await member.stop()).code).toBe(0);
    expect(await links()).toContain("eth0");
    expect(existsSync(member.socket)).toBe(false);
    await member.start();
    expect(await member.weft("network", "inspect", "blue")).toContain("10.0.0.2/24");
    expect(await links()).toMatch(/eth0\s+U/);
  });

  test("leave ends it with 0, and nothing is left", async () => {
    await member.weft("leave", "--force");
    expect((await member.daemon.exited).code).toBe(0);
    expect(await links()).not.toContain("eth0");
    for (const name of ["node.json", "store.db", "plan.json", "endpoints"]) expect(existsSync(join(member.stateDir, name))).toBe(false);
    const line = await member.start();
    expect(line).toContain("role=manager");
    expect(JSON.parse(`[${(await member.weft("network", "ls", "--format", "json")).split("\n").filter(Boolean).join()}]`)).toEqual([]);
  });

  test("an address that cannot be had is one line and exit 1, and the next start is not hindered", async () => {
    const other = new Member(hosts[1], ["up"], { flags: ["--listen", "10.99.0.9:2377"] });
    const daemon = other.spawn();
    expect((await daemon.exited).code).toBe(1);
    const lines = daemon.stderr.split("\n").filter((line) => line !== "" && !line.startsWith("{"));
    expect(lines.at(-1)).toContain("10.99.0.9:2377");
  });

  test("the socket of a program that is not weft is not taken", async () => {
    const path = join(lab.directory, "b.sock");
    const server = createServer().listen(path);
    try {
      const daemon = new Member(hosts[1], ["up"], {}).spawn();
      expect((await daemon.exited).code).toBe(1);
      expect(daemon.stderr).toContain(`socket ${path}: already served by a running agent`);
    } finally {
      server.close();
    }
  });
});
