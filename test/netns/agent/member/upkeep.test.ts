import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, Member, startCluster } from "../../../../lab/cluster.ts";
import { ipBatch } from "../../../../lab/command.ts";
import { Lab } from "../../../../lab/lab.ts";
import { total } from "../../../../lab/metrics.ts";
import { underlay } from "../../../../lab/topology.ts";
import { eventually } from "../../../../lab/wait.ts";
import { describeNetns } from "../../needs.ts";

const REPORTED_MS = 30_000;

describeNetns("what a member says of itself while it runs", ["nft"], () => {
  let lab: Lab;
  let cluster: Cluster;
  beforeAll(async () => {
    lab = await Lab.open();
    cluster = await startCluster(await underlay(lab, ["a", "b"]));
  });
  afterAll(() => lab?.close());

  test("its host's routes, which no network may overlap; those that come later, too", async () => {
    const [a, b] = cluster.members;
    const refusal = async (subnet: string) => (await a.attempt("network", "create", "--subnet", subnet, "overlapping")).stderr;
    await ipBatch(["route add 172.30.0.0/16 via 10.99.0.1"], b.host.netns);
    await eventually(
      "a new route of b's to be known",
      async () => {
        const text = await refusal("172.30.1.0/24");
        if (text !== "") return text.includes("172.30.0.0/16") && text.includes("b");
        await a.weft("network", "rm", "overlapping");
        return false;
      },
      REPORTED_MS,
    );
  });

  test("its underlay's MTU as it is now: who makes a network that it does not carry is told", async () => {
    const [a, b] = cluster.members;
    const warned = async () => {
      const { code, stderr } = await a.attempt("network", "create", "--opt", "mtu=1400", "wide");
      expect(code).toBe(0);
      await a.weft("network", "rm", "wide");
      return stderr.includes("mtu 1400 is more than the underlay carries on node b");
    };
    expect(await warned()).toBe(false);
    await ipBatch(["link set eth0 mtu 1400"], b.host.netns);
    await eventually("b's smaller MTU to be known", warned, REPORTED_MS);
    await ipBatch(["link set eth0 mtu 1500"], b.host.netns);
    await eventually("b's own MTU to be known again", async () => !(await warned()), REPORTED_MS);
  });

  test("that its VTEP address is gone, and back: in its log, and as a metric", async () => {
    const [, b] = cluster.members;
    const gone = "no interface that is up has this host's VTEP address";
    const back = "an interface has this host's VTEP address again";
    const told = (line: string) => b.daemon.stderr.split(line).length - 1;
    const present = async () => total(await b.metrics(), "weft_vtep_present");
    expect([told(gone), await present()]).toEqual([0, 1]);
    const ways = [
      ["address del 10.99.0.2/24 dev eth0", "address add 10.99.0.2/24 dev eth0"],
      ["link set eth0 down", "link set eth0 up"],
    ];
    for (const [n, [away, again]] of ways.entries()) {
      await ipBatch([away], b.host.netns);
      await eventually("it to be missed", () => told(gone) === n + 1, REPORTED_MS);
      expect(await present()).toBe(0);
      await ipBatch([again], b.host.netns);
      await eventually("it to be back", () => told(back) === n + 1, REPORTED_MS);
      expect(await present()).toBe(1);
    }
  });

  test("its name, when it comes back with another", async () => {
    const [a, b] = cluster.members;
    await b.stop();
    const renamed = new Member(b.host, ["join", "--token", await a.weft("token", "worker", "-q"), "10.99.0.1:2377"], {
      flags: ["--name", "bee"],
    });
    await renamed.start();
    await eventually("the new name", async () => (await a.weft("node", "ls")).includes("bee"));
    expect((await a.weft("node", "ls")).split("\n")).toHaveLength(3);
  });

  test("that it lives: nobody takes it for dead", async () => {
    await eventually("all to be ready", async () => ((await cluster.manager.weft("node", "ls")).match(/Ready/g) ?? []).length === 2);
  });
});
