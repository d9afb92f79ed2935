import { beforeEach, describe, expect, test } from "vitest";
import { ALIVE, NODES, nodeKey, REPORTS } from "../../../host/model/cluster/keys.ts";
import { nodeId, TestCluster } from "./cluster.ts";
import { expectConsistent } from "./invariants.ts";

let cluster: TestCluster;

const rm = (names: string[], force = false, manager = cluster.manager) => manager.ask(cluster.caller(), "node.rm", { names, force });
const left = () =>
  [NODES, ALIVE, REPORTS].map((prefix) =>
    cluster.store
      .peek(prefix)
      .map(({ key }) => key.slice(prefix.length, prefix.length + 1))
      .join(""),
  );

beforeEach(async () => {
  cluster = await TestCluster.make();
  await cluster.network("blue");
  await cluster.network("red", { EnableIPv6: true });
});

describe("rm", () => {
  test("of a node that is down frees all that it has, which rests", async () => {
    for (let number = 0; number < 60; number++) await cluster.endpoint(number, { network: number % 3 ? "blue" : "red" }, "b");
    await cluster.endpoint(100, {}, "c");
    await cluster.die("b");
    expect(await rm(["b", "z"])).toEqual({ removed: ["b"], refused: [{ name: "z", message: "node z not found" }] });
    expect(left()).toEqual(["ac", "ac", "ac"]);
    const { endpoints, addresses } = cluster.contents();
    expect(endpoints.map(({ name }) => name)).toEqual(["c100"]);
    expect(addresses.filter(({ restingMac }) => restingMac)).toHaveLength(80);
    expectConsistent(cluster);
  });

  test("of a node that is up is refused, but for --force", async () => {
    expect((await rm(["b"])).refused).toEqual([{ name: "b", message: "node b is up: drain and stop it, or use --force" }]);
    expect((await rm(["b"], true)).removed).toEqual(["b"]);
    await expect(cluster.endpoint(1, {}, "b")).rejects.toThrow("is not a member of the cluster (any more)");
  });

  test("of a node that is up: what it would put back meanwhile stays away", async () => {
    const { mac } = await cluster.endpoint(1, {}, "b");
    const back: string[] = [];
    // The first commit marks the node, the second frees what it has, the third takes it away.
    cluster.store.interlude(2, () =>
      cluster.endpoint(1, { ips: ["10.0.0.2"], mac, isBack: true }, "b").catch(({ message }: Error) => back.push(message)),
    );
    expect((await rm(["b"], true)).removed).toEqual(["b"]);
    expect(back).toEqual(["node b is being removed from the cluster"]);
    expect(cluster.contents().endpoints).toEqual([]);
    expectConsistent(cluster);
  });

  test("that was given up half way is undone as a drain is", async () => {
    await cluster.endpoint(1, {}, "b");
    cluster.store.interlude(1, async () => {
      cluster.store.nextCommitFails = "before";
    });
    await expect(rm(["b"], true)).rejects.toThrow("cut");
    await expect(cluster.endpoint(2, {}, "b")).rejects.toThrow("node b is being removed from the cluster");
    await cluster.manager.ask(cluster.caller(), "node.drain", { name: "b", active: true });
    await cluster.endpoint(2, {}, "b");
  });

  test("of the last manager is refused, and changes nothing", async () => {
    const { revision } = cluster.store;
    expect((await rm(["a"], true)).refused[0].message).toBe("node a is the last manager: without one the cluster ends");
    expect(cluster.store.revision).toBe(revision);
  });

  test("of each other by two managers at once leaves one", async () => {
    await cluster.addNode("d", "192.168.0.4", "manager");
    await Promise.all([rm(["a"], true), rm(["d"], true, cluster.newManager())]);
    const managers = cluster.store.peek(NODES).filter(({ value }) => JSON.parse(value).role === "manager");
    expect(managers).toHaveLength(1);
  });

  test("of a manager that has become the last one meanwhile is refused", async () => {
    await cluster.addNode("d", "192.168.0.4", "manager");
    const other = cluster.newManager();
    // The first commit drains it, the second takes it away.
    cluster.store.interlude(1, () => rm(["d"], true, other));
    expect((await rm(["a"], true)).refused[0].message).toContain("node a is the last manager");
    expect(left()[0]).toBe("abc");
  });

  test("cut off at any point is finished by the next", async () => {
    let killed = 0;
    for (let cut = 0; cut < 12; cut++) {
      await cluster.addNode("d", "192.168.0.4");
      for (let number = 0; number < 30; number++) await cluster.endpoint(1000 * cut + number, {}, "d");
      await cluster.die("d");
      let calls = 0;
      cluster.store.cutter = () => {
        if (++calls > 40 * cut) throw new Error("killed");
      };
      const first = await rm(["d"]).catch(({ message }) => message);
      cluster.store.cutter = () => undefined;
      expectConsistent(cluster);
      if (first === "killed") killed++;
      await rm(["d"]);
      expect(await cluster.store.get(nodeKey(nodeId("d")))).toBeNull();
      expect(cluster.contents().endpoints).toEqual([]);
      cluster.clock += 70_000;
      await cluster.store.settled();
    }
    expect(killed).toBeGreaterThan(3);
  });

  test("an endpoint made at the same time is not left", async () => {
    for (let round = 0; round < 40; round++) {
      await cluster.addNode("d", "192.168.0.4");
      const turns = Array.from({ length: 60 }, () => cluster.random.below(3));
      cluster.store.pause = async () => {
        for (let turn = turns.pop() ?? 0; turn > 0; turn--) await Promise.resolve();
      };
      await Promise.allSettled([cluster.endpoint(round, {}, "d"), rm(["d"], true, cluster.newManager())]);
      cluster.store.pause = async () => undefined;
      expect(cluster.contents().endpoints).toEqual([]);
      expect(await cluster.store.get(nodeKey(nodeId("d")))).toBeNull();
      expectConsistent(cluster);
    }
  });
});

describe("leave", () => {
  const leave = (node: string) => cluster.manager.ask(cluster.caller(node), "node.leave", {});

  test("takes the caller and all that it has; twice is once", async () => {
    await cluster.endpoint(1, {}, "b");
    await leave("b");
    expect(left()).toEqual(["ac", "ac", "ac"]);
    expect(cluster.contents().endpoints).toEqual([]);
    expect(await leave("b")).toEqual({});
  });

  test("is refused to the last manager", async () => {
    await expect(leave("a")).rejects.toThrow("node a is the last manager: without it the cluster ends (`weft leave --force`)");
  });
});

test("drain keeps what is there, and active ends it", async () => {
  await cluster.endpoint(1, {}, "b");
  const availability = async () => JSON.parse((await cluster.store.get(nodeKey(nodeId("b"))))?.value ?? "").availability;
  const drain = (name: string, active = false) => cluster.manager.ask(cluster.caller(), "node.drain", { name, active });
  await drain("b");
  await drain("b");
  expect([await availability(), cluster.contents().endpoints.length]).toEqual(["drain", 1]);
  await drain(nodeId("b"), true);
  expect(await availability()).toBe("active");
  await expect(drain("z")).rejects.toThrow("node z not found");
});
