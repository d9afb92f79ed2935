import { existsSync, readdirSync, watch } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, startCluster } from "../../../../lab/cluster.ts";
import { run } from "../../../../lab/command.ts";
import { Lab } from "../../../../lab/lab.ts";
import { underlay } from "../../../../lab/topology.ts";
import { api } from "../../cluster/containers.ts";
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

  test("what is asked for while it leaves is refused or gone, wherever it had got to", { timeout: 120_000 }, async () => {
    const [a, b] = cluster.members;
    const theirs = await lab.namespace("theirs");
    await a.weft("network", "create", "blue");
    /** Namespaces of its containers. */
    const made = new Set<string>();
    // The longer ones for a machine on which nothing had been begun by then.
    for (const laterMs of [0, 30, 90, 500, 2500]) {
      if (laterMs > 90 && made.size > 0) break;
      await b.start();
      const watcher = watch(join(b.stateDir, "containers"), (_, name) => {
        if (name?.match(/^[0-9a-f]{64}$/)) made.add(`/run/netns/weft-${name.slice(0, 12)}`);
      });
      const asked = Array.from({ length: 3 }, (_, i) =>
        api(b).do("container.run", { name: `late-${i}`, networks: ["blue"], command: ["sleep", "600"] }),
      );
      const connected = api(b).do("network.connect", { network: "blue", target: `netns:${theirs}` });
      const all = Promise.allSettled([...asked, connected]);
      await delay(laterMs);
      await api(b).do("cluster.leave", { force: true });
      await all;
      watcher.close();
      expect((await b.daemon.exited).code).toBe(0);
      expect([...made].filter((path) => existsSync(path))).toEqual([]);
      expect(await run(["ip", "-o", "link"], { netns: theirs })).not.toContain("eth0");
      expect(readdirSync(b.stateDir)).toEqual(["lock"]);
    }
    expect(made.size).toBeGreaterThan(0);
    await a.weft("network", "rm", "blue");
  });

  test("a second one that is refused does not open the host to what is new again", async () => {
    const [a, b] = cluster.members;
    await b.start();
    await a.weft("network", "create", "blue");
    const run = (name: string, command: string[]) => api(b).do("container.run", { name, networks: ["blue"], command });
    await run("stubborn", ["sh", "-c", "trap 'echo no' TERM; echo deaf; while :; do sleep 0.1; done"]);
    const says = api(b).logs("stubborn", { follow: true, tail: null });
    // Before that a SIGTERM would end it, and there would be nothing to refuse for.
    expect((await says.next()).value).toMatchObject({ log: "deaf\n" });
    const leaving = api(b).do("cluster.leave", { force: true });
    expect((await says.next()).value).toMatchObject({ log: "no\n" });
    await expect(api(b).do("cluster.leave", { force: false })).rejects.toThrow("containers run here (stubborn)");
    await expect(run("late", ["sleep", "600"])).rejects.toThrow("this host is leaving the cluster");
    await leaving;
    await says.return();
    expect((await b.daemon.exited).code).toBe(0);
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
