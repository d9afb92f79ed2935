import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, startCluster } from "../../../../lab/cluster.ts";
import { run } from "../../../../lab/command.ts";
import { Lab } from "../../../../lab/lab.ts";
import { underlay } from "../../../../lab/topology.ts";
import { describeNetns } from "../../needs.ts";

describeNetns("weft leave", ["nft"], () => {
  let lab: Lab;
  let cluster: Cluster;
  beforeAll(async () => {
    lab = await Lab.open();
    cluster = await startCluster(await underlay(lab, ["a", "b"]));
    await cluster.manager.weft("network", "create", "blue");
  });
  afterAll(() => lab?.close());

  test("is refused while containers run, with their names; nothing has changed then", async () => {
    const [, b] = cluster.members;
    await b.weft("run", "-d", "--name", "db", "--network", "blue", "--", "sleep", "600");
    const { code, stderr } = await b.attempt("leave");
    expect(code).toBe(1);
    expect(stderr).toContain("containers run here (db)");
    expect(await cluster.manager.weft("network", "inspect", "blue")).toContain('"db"');
  });

  test("by force: its containers end, their addresses are free, the node is gone", async () => {
    const [a, b] = cluster.members;
    await b.weft("leave", "--force");
    expect((await b.daemon.exited).code).toBe(0);
    expect(await a.weft("network", "inspect", "blue")).not.toContain('"db"');
    expect((await a.weft("node", "ls")).split("\n")).toHaveLength(2);
    expect(await run(["ip", "netns", "list"])).not.toContain((await a.weft("network", "ls", "-q")).slice(0, 12));
    await a.weft("network", "rm", "blue");
  });

  test("the last manager of a cluster leaves by force only", async () => {
    const { code, stderr } = await cluster.manager.attempt("leave");
    expect(code).toBe(1);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toContain("manager");
    await cluster.manager.weft("leave", "--force");
  });
});
