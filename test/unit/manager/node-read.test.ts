import { beforeEach, expect, test } from "vitest";
import { nodeId, START, TestCluster } from "./cluster.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.make();
  await cluster.network("blue");
});

const list = (filters: Record<string, string[]> = {}) => cluster.manager.ask(cluster.caller("b"), "node.ls", { filters });
const state = async (name: string) => (await list({ name: [`^${name}$`] }))[0].Status.State;

test("nodes as Docker shows them", async () => {
  await cluster.endpoint(1);
  await cluster.endpoint(2);
  await cluster.live("a", 7);
  expect((await list()).map(({ Spec }) => Spec.Name)).toEqual(["a", "b", "c"]);
  expect((await list())[0]).toEqual({
    ID: nodeId("a"),
    CreatedAt: new Date(START - 3_600_000).toISOString(),
    Spec: { Role: "manager", Availability: "active", Name: "a" },
    Description: { Hostname: "a", Engine: { EngineVersion: "0.1.0" } },
    Status: { State: "ready", Addr: "192.168.0.1" },
    ManagerStatus: { Addr: "192.168.0.1:2377" },
    Endpoints: 2,
    Incarnation: 7,
  });
  expect((await list())[1]).toMatchObject({ Endpoints: 0, Spec: { Role: "worker" } });
  expect((await list())[1]).not.toHaveProperty("ManagerStatus");
});

test("a node without a sign of life is unknown until a manager has said that it is down", async () => {
  await cluster.die("c");
  expect([await state("b"), await state("c")]).toEqual(["ready", "unknown"]);
  await cluster.manager.sweep(0);
  expect(await state("c")).toBe("down");
  await cluster.live("c");
  expect(await state("c")).toBe("ready");
});

test("filters", async () => {
  const names = async (filters: Record<string, string[]>) => (await list(filters)).map(({ Spec }) => Spec.Name);
  expect(await names({ role: ["worker"] })).toEqual(["b", "c"]);
  expect(await names({ name: ["b"], id: [nodeId("b").slice(0, 5)] })).toEqual(["b"]);
  await expect(list({ role: ["boss"] })).rejects.toThrow("invalid filter 'role=boss': it is worker or manager");
  await expect(list({ membership: ["accepted"] })).rejects.toThrow("invalid filter 'membership' (known: id, name, role)");
});

test("inspect takes names and ids, and tells what is not there", async () => {
  const { found, refused } = await cluster.manager.ask(cluster.caller(), "node.inspect", { names: ["b", nodeId("c"), "z"] });
  expect(found.map(({ Spec }) => Spec.Name)).toEqual(["b", "c"]);
  expect(refused).toEqual([{ name: "z", message: "node z not found" }]);
});
