import { beforeEach, describe, expect, test } from "vitest";
import { nodeKey } from "../../../host/model/cluster/keys.ts";
import { DEAD_NODE_HOURS } from "../../../host/model/cluster/records.ts";
import { nodeId, TestCluster } from "./cluster.ts";
import { expectConsistent } from "./invariants.ts";

const LONG = DEAD_NODE_HOURS * 3_600_000;

let cluster: TestCluster;
/** Of the clock that is never set. */
let monotonic: number;

const nothing = { died: [], returned: [], freed: [] };
const deadSince = async (node: string) => JSON.parse((await cluster.store.get(nodeKey(nodeId(node))))?.value ?? "").deadSince;
const endpoints = () => cluster.contents().endpoints.length;

beforeEach(async () => {
  cluster = await TestCluster.make();
  monotonic = 5_000;
  await cluster.network("blue");
  await cluster.endpoint(1, {}, "b");
  await cluster.endpoint(2, {}, "b");
  await cluster.endpoint(3, {}, "c");
});

test("a node that dies is marked, and unmarked when it is back", async () => {
  expect(await cluster.manager.sweep(monotonic)).toEqual(nothing);
  await cluster.die("b");
  expect(await cluster.manager.sweep(monotonic)).toEqual({ ...nothing, died: ["b"] });
  expect(await deadSince("b")).toBe("2026-01-01T00:00:00.000Z");
  expect(await cluster.manager.sweep(monotonic)).toEqual(nothing);
  await cluster.live("b");
  expect(await cluster.manager.sweep(monotonic)).toEqual({ ...nothing, returned: ["b"] });
  expect(await deadSince("b")).toBeNull();
});

test("a node that joins has a while to say that it lives", async () => {
  expect(await cluster.manager.sweep(monotonic)).toEqual(nothing);
  await cluster.addNode("new", "10.99.0.9");
  await cluster.die("new");
  expect(await cluster.manager.sweep(monotonic + 1000)).toEqual(nothing);
  const record = JSON.parse((await cluster.store.get(nodeKey(nodeId("new"))))?.value ?? "");
  await cluster.put(nodeKey(nodeId("new")), { ...record, joinedAt: new Date(cluster.clock).toISOString() });
  expect(await cluster.newManager().sweep(0)).toEqual(nothing);
  expect(await cluster.manager.sweep(monotonic + 15_999)).toEqual(nothing);
  expect(await cluster.manager.sweep(monotonic + 16_000)).toEqual({ ...nothing, died: ["new"] });
  await cluster.live("new");
  expect(await cluster.manager.sweep(monotonic + 17_000)).toEqual({ ...nothing, returned: ["new"] });
  await cluster.die("new");
  expect(await cluster.manager.sweep(monotonic + 18_000)).toEqual({ ...nothing, died: ["new"] });
});

test("what changes just before a mark is kept", async () => {
  await cluster.die("b");
  cluster.store.interlude(0, () => cluster.manager.ask(cluster.caller(), "node.drain", { name: "b" }));
  expect(await cluster.manager.sweep(monotonic)).toEqual(nothing);
  expect(await cluster.manager.sweep(monotonic)).toEqual({ ...nothing, died: ["b"] });
  expect(JSON.parse((await cluster.store.get(nodeKey(nodeId("b"))))?.value ?? "")).toMatchObject({ availability: "drain" });
});

describe("what a dead node has is freed", () => {
  test("after so long, and not before; its record stays", async () => {
    await cluster.die("b");
    await cluster.manager.sweep(monotonic);
    expect(await cluster.manager.sweep(monotonic + LONG - 1)).toEqual(nothing);
    expect(endpoints()).toBe(3);
    expect(await cluster.manager.sweep(monotonic + LONG)).toEqual({ ...nothing, freed: [{ node: "b", endpoints: 2 }] });
    expect(endpoints()).toBe(1);
    expect(await deadSince("b")).not.toBeNull();
    expectConsistent(cluster);
    expect(await cluster.manager.sweep(monotonic + LONG + 1000)).toEqual(nothing);
  });

  test("by what the manager has seen: no clock that is set makes it sooner", async () => {
    await cluster.die("b");
    await cluster.manager.sweep(monotonic);
    cluster.clock += 10 * LONG;
    await cluster.put(nodeKey(nodeId("b")), {
      ...JSON.parse((await cluster.store.get(nodeKey(nodeId("b"))))?.value ?? ""),
      deadSince: "1999-01-01T00:00:00Z",
    });
    expect(await cluster.manager.sweep(monotonic + 1000)).toEqual(nothing);
    const anew = cluster.newManager();
    await anew.sweep(monotonic + LONG - 1);
    expect(await anew.sweep(monotonic + LONG + 1)).toEqual(nothing);
    expect(endpoints()).toBe(3);
  });

  test("counted from its last death, if any manager looked in between", async () => {
    await cluster.die("b");
    await cluster.manager.sweep(monotonic);
    await cluster.live("b");
    await cluster.manager.sweep(monotonic + LONG / 2);
    await cluster.die("b");
    await cluster.manager.sweep(monotonic + LONG / 2 + 1000);
    expect((await cluster.manager.sweep(monotonic + LONG + 1)).freed).toEqual([]);
    expect((await cluster.manager.sweep(monotonic + 1.5 * LONG + 1000)).freed).toEqual([{ node: "b", endpoints: 2 }]);
  });

  test("but not of one that comes back at the last moment", async () => {
    await cluster.die("b");
    await cluster.manager.sweep(monotonic);
    const commit = cluster.store.commit.bind(cluster.store);
    cluster.store.commit = async (compares, changes) => {
      cluster.store.commit = commit;
      await cluster.live("b");
      return commit(compares, changes);
    };
    expect((await cluster.manager.sweep(monotonic + LONG)).freed).toEqual([]);
    expect(endpoints()).toBe(3);
  });
});

test("several managers sweep one store, and each event is told by one", async () => {
  const managers = [cluster.manager, cluster.newManager(), cluster.newManager()];
  const all = async (at: number) => {
    const swept = await Promise.all(managers.map((manager) => manager.sweep(at)));
    return swept.flatMap(({ died, returned }) => [...died, ...returned]);
  };
  await cluster.die("b");
  expect(await all(monotonic)).toEqual(["b"]);
  await all(monotonic + LONG);
  expect(endpoints()).toBe(1);
  expectConsistent(cluster);
  await cluster.live("b");
  expect(await all(monotonic + LONG + 1)).toEqual(["b"]);
});

test("a node that is removed is forgotten", async () => {
  await cluster.die("b");
  await cluster.manager.sweep(monotonic);
  await cluster.manager.ask(cluster.caller(), "node.rm", { names: ["b"] });
  expect(await cluster.manager.sweep(monotonic + LONG)).toEqual(nothing);
});
