import { afterAll, beforeAll, expect, test } from "vitest";
import { type Member, startCluster } from "../../../lab/cluster.ts";
import { run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { underlay } from "../../../lab/topology.ts";
import { describeNetns } from "../needs.ts";

describeNetns("network connect and disconnect", ["nft"], () => {
  let lab: Lab;
  let host: Member;
  let place: string;
  beforeAll(async () => {
    lab = await Lab.open();
    const [a] = await underlay(lab, ["a", "b"]);
    host = (await startCluster([a])).manager;
    place = await lab.namespace("x");
    for (const name of ["blue", "red"]) await host.weft("network", "create", name);
  });
  afterAll(() => lab?.close());

  const interfaces = async () =>
    [...(await run(["ip", "-br", "-4", "-n", place, "address"])).matchAll(/^(eth\d)\S*\s+\S+\s+(\S+)/gm)].map(([, ...words]) => words);

  test("each network is one more interface, with the next free name", async () => {
    await host.weft("network", "connect", "blue", `netns:/run/netns/${place}`);
    await host.weft("network", "connect", "red", `netns:${place}`);
    expect(await interfaces()).toEqual([
      ["eth0", "10.0.0.2/24"],
      ["eth1", "10.0.1.2/24"],
    ]);
  });

  test("in the cluster it goes by what was typed", async () => {
    const [{ Containers }] = await host.json<{ Containers: Record<string, { Name: string }> }[]>("network", "inspect", "red");
    expect(Object.values(Containers).map(({ Name }) => Name)).toEqual([`netns:${place}`]);
    const { stderr } = await host.attempt("network", "rm", "red");
    expect(stderr).toMatch(new RegExp(`^network red has active endpoints: netns:${place} on node `));
  });

  test("disconnected from one, by whatever path, the other is as it was, and the name is free again", async () => {
    await host.weft("network", "disconnect", "blue", `netns:${place}`);
    expect(await interfaces()).toEqual([["eth1", "10.0.1.2/24"]]);
    await host.weft("network", "connect", "blue", `netns:${place}`);
    await host.weft("network", "disconnect", "blue", `netns:/run/netns/../netns/${place}`);
    await host.weft("network", "connect", "blue", `netns:${place}`);
    expect((await interfaces()).map(([name]) => name).sort()).toEqual(["eth0", "eth1"]);
  });

  test("a container is a target as well", async () => {
    await host.weft("run", "-d", "--name", "box", "--network", "blue", "--", "sleep", "600");
    await host.weft("network", "connect", "red", "box");
    expect(await host.weft("exec", "box", "--", "ip", "-br", "-4", "address", "show", "eth1")).toContain("10.0.1.");
    const addresses = async () => (await host.weft("exec", "box", "--", "sh", "-c", "grep $HOSTNAME /etc/hosts | cut -f 1")).split("\n");
    expect(await addresses()).toEqual([expect.stringMatching(/^10\.0\.0\./), expect.stringMatching(/^10\.0\.1\./)]);
    await host.weft("network", "disconnect", "red", "box");
    expect(await addresses()).toEqual([expect.stringMatching(/^10\.0\.0\./)]);
    expect(await host.weft("exec", "box", "--", "ip", "-br", "link")).not.toContain("eth1");
  });

  test.each([
    ["netns:/run/netns/none", "none"],
    ["netns:", "netns:"],
    ["nobody", "nobody"],
  ])("%s is no target: one line", async (target, told) => {
    const { code, stderr } = await host.attempt("network", "connect", "blue", target);
    expect(code).toBeGreaterThan(0);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toContain(told);
  });

  test("the agent's own namespace is none", async () => {
    const { code, stderr } = await host.attempt("network", "connect", "blue", `netns:/run/netns/${host.host.netns}`);
    expect(code).toBe(1);
    expect(stderr).toContain("the agent itself runs in");
  });

  test("what is not connected cannot be disconnected", async () => {
    const other = await lab.namespace("y");
    const { code, stderr } = await host.attempt("network", "disconnect", "blue", `netns:${other}`);
    expect(code).toBe(1);
    expect(stderr).toContain("is not connected to network blue");
  });
});
