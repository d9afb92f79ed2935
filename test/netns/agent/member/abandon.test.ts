// A node that was removed while its agent did not run: its agent starts no more, and what it left is cleared without it.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, startCluster } from "../../../../lab/cluster.ts";
import { run } from "../../../../lab/command.ts";
import { Lab } from "../../../../lab/lab.ts";
import { underlay } from "../../../../lab/topology.ts";
import { eventually } from "../../../../lab/wait.ts";
import { type Placed, place, statusOf } from "../../cluster/containers.ts";
import { describeNetns } from "../../needs.ts";

describeNetns("weft leave --force without an agent", [], () => {
  let lab: Lab;
  let cluster: Cluster;
  let db: Placed;
  /** Somebody's namespace, which stays. */
  let theirs: string;
  beforeAll(async () => {
    lab = await Lab.open();
    cluster = await startCluster(await underlay(lab, ["a", "b"]));
    await cluster.manager.weft("network", "create", "blue");
    db = await place(cluster.members[1], "db", "blue");
    theirs = await lab.namespace("theirs");
    await cluster.members[1].weft("network", "connect", "blue", `netns:/run/netns/${theirs}`);
  });
  afterAll(() => lab?.close());

  const links = (netns: string) => run(["ip", "-o", "link"], { netns });

  test("a node that is up is not removed, one that is down is; its agent ends with a line that says what to do", async () => {
    const [a, b] = cluster.members;
    const refused = await a.attempt("node", "rm", "b");
    expect(refused).toMatchObject({ code: 1, stdout: "", stderr: "node b is up: drain and stop it, or use --force\n" });
    await b.kill();
    await eventually("b to be down", async () => (await statusOf(a, "b")) === "down", 12_000);
    await a.weft("node", "rm", "b");
    const { code } = await b.spawn().exited;
    expect(code).toBe(1);
    expect(b.daemon.stderr.trimEnd().split("\n").at(-1)).toMatch(/^node \S+ was removed from the cluster: .*weft leave.*join again$/);
    expect(runs(db.pid)).toBe(true);
  });

  test("containers end, interfaces and namespaces go, the state is forgotten; the host may join again", async () => {
    const [a, b] = cluster.members;
    const leave = (...flags: string[]) => b.attempt("leave", ...flags);
    const one = await leave();
    expect(one).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^cannot reach [^\n]* \(weft leave --force does without it\)\n$/),
    });
    expect(await links(theirs)).toContain("eth0");
    const busy = await leave("--force", "--state-dir", a.stateDir);
    expect(busy).toMatchObject({ code: 1, stderr: `state directory ${a.stateDir}: in use by weft (pid ${a.daemon.pid})\n` });
    expect(await leave("--force", "--state-dir", b.stateDir)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Node left the cluster\./),
      stderr: "",
    });
    expect(runs(db.pid)).toBe(false);
    expect(existsSync(join("/run/netns", db.netns))).toBe(false);
    expect(await links(theirs)).not.toContain("eth0");
    expect(readdirSync(b.stateDir)).toEqual(["lock"]);
    const again = await leave("--force", "--state-dir", b.stateDir);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching(/^state directory \S+: this host is no member of a cluster/) });
    await b.start();
    await place(b, "db", "blue");
    expect(await statusOf(a, "b")).toBe("ready");
  });
});

/** One that has ended may wait for whoever inherits it to notice. */
function runs(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && !/^\d+ \(.*\) Z /.test(readFileSync(file, "utf8"));
}
