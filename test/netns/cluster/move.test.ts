// Endpoints that move from host to host with their IP and MAC addresses, nodes that are removed while they run, and nodes that are drained.

import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, type Member, startCluster } from "../../../lab/cluster.ts";
import { Lab } from "../../../lab/lab.ts";
import { underlay } from "../../../lab/topology.ts";
import { eventually } from "../../../lab/wait.ts";
import { describeNetns } from "../needs.ts";
import { api, type Placed, place, reaches, remove, statusOf, timeToReach, vtepOf } from "./containers.ts";

const NETWORK = "blue";
const IP = "10.77.0.42";
const MAC = "02:00:00:00:77:42";
const OTHER_MAC = "02:00:00:00:77:43";
/** Traffic follows so soon after the new endpoint is made. */
const FOLLOWS_MS = 1000;
const REMOVED_MS = 15_000;
/** That it was removed, it hears at its next sign of life. */
const TOLD_MS = 5000;

describeNetns("moves and removals", [], () => {
  let lab: Lab;
  let cluster: Cluster;
  let watcher: Placed;
  let moving: Placed;

  beforeAll(async () => {
    lab = await Lab.open();
    cluster = await startCluster(await underlay(lab, ["a", "b", "c", "d"]));
    const [a] = cluster.members;
    await a.weft("network", "create", "--subnet", "10.77.0.0/24", NETWORK);
    watcher = await place(cluster.members[3], "watcher", NETWORK);
  });
  afterAll(() => lab?.close());

  const placeMoving = (member: Member) => place(member, "moving", NETWORK, { ips: [IP], mac: MAC });
  const refusal = async (member: Member, more: { ips?: string[]; mac?: string }) => {
    const wanted = { name: "rival", networks: [NETWORK], command: ["sleep", "60"], ...more };
    return api(member)
      .do("container.run", wanted)
      .then(
        () => "let in",
        (error: Error) => error.message,
      );
  };

  /** Makes it on a host; answers how long traffic took to follow. */
  async function moveTo(member: Member): Promise<number> {
    moving = await placeMoving(member);
    const ms = await timeToReach(watcher, moving, FOLLOWS_MS);
    expect(await vtepOf(watcher.member, MAC)).toBe(member.host.ip4);
    return ms;
  }

  test("an endpoint with its addresses moves, and traffic follows within a second; while it is there nobody else gets them", async () => {
    const [a, b, c] = cluster.members;
    for (const member of [b, c, a, b]) {
      expect(await moveTo(member)).toBeLessThan(FOLLOWS_MS);
      const rival = member === c ? b : c;
      expect(await refusal(rival, { ips: [IP] })).toBe(`Address already in use: ${IP} is that of moving on node ${member.host.name}`);
      expect(await refusal(rival, { mac: MAC })).toBe(
        `MAC address ${MAC} is in use in network ${NETWORK} by moving on node ${member.host.name}`,
      );
      expect(await reaches(watcher, moving)).toBe(true);
      await remove(moving);
      // Another MAC address would be somebody else, of whom tables know nothing yet.
      expect(await refusal(rival, { ips: [IP], mac: OTHER_MAC })).toMatch(
        /^Address already in use: 10\.77\.0\.42 was freed a moment ago and rests until /,
      );
    }
    // Who asks for the address alone has the MAC address that it had.
    moving = await place(b, "moving", NETWORK, { ips: [IP] });
    expect(await timeToReach(watcher, moving, FOLLOWS_MS)).toBeLessThan(FOLLOWS_MS);
    expect(await vtepOf(watcher.member, MAC)).toBe(b.host.ip4);
  });

  test("from a host whose agent was killed it moves once that node is removed", async () => {
    const [a, b, c] = cluster.members;
    await b.kill();
    expect(await refusal(c, { ips: [IP], mac: MAC })).toContain(`by moving on node b`);
    await eventually("b to be down", async () => (await statusOf(a, "b")) === "down", REMOVED_MS);
    expect(await refusal(c, { ips: [IP] })).toBe(
      `Address already in use: ${IP} is that of moving on node b, which is down (\`weft node rm b\` frees what it holds)`,
    );
    await a.weft("node", "rm", "--force", "b");
    expect(await moveTo(c)).toBeLessThan(FOLLOWS_MS);
  });

  test("a node that is removed while it runs ends with a line that says so, and nobody sends to it any more", async () => {
    const [a, , c, d] = cluster.members;
    expect(await a.attempt("node", "rm", "c")).toMatchObject({ code: 1, stderr: "node c is up: drain and stop it, or use --force\n" });
    await a.weft("node", "rm", "--force", "c");
    await eventually(
      "the peers to have forgotten it",
      async () => {
        const tables = await Promise.all([a, d].map((member) => api(member).fdb()));
        return tables.every((rows) => rows.every(({ vtep }) => vtep !== c.host.ip4));
      },
      2000,
    );
    expect(await reaches(watcher, moving)).toBe(false);
    const [line] = await c.daemon.waitFor(/^node \S+ was removed from the cluster: .*$/m, "stderr", TOLD_MS);
    expect(line).toMatch(/weft leave.*join again$/);
    expect((await c.daemon.exited).code).toBe(1);
    // What it had may be had elsewhere at once.
    expect(await moveTo(a)).toBeLessThan(FOLLOWS_MS);
  });

  test("a drained node gets nothing new, keeps what it has, and is back with --undo", async () => {
    const [a, , , d] = cluster.members;
    await a.weft("node", "drain", "d");
    expect(await d.attempt("run", "-d", "--network", NETWORK, "--name", "late", "--", "sleep", "60")).toMatchObject({
      code: 1,
      stdout: "",
      stderr: "node d is drained: nothing new is put there (`weft node drain --undo` ends that)\n",
    });
    expect(await reaches(watcher, moving)).toBe(true);
    await d.stop();
    await d.start();
    expect(await timeToReach(watcher, moving, 5000)).toBeLessThan(5000);
    await a.weft("node", "drain", "--undo", "d");
    await place(d, "late", NETWORK);
  });
});
