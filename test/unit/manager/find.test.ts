import { beforeEach, expect, test } from "vitest";
import { findNetwork, findNetworkOrNone, findNode, nodeAmong } from "../../../host/manager/find.ts";
import { networkKey, networkNameKey } from "../../../host/model/cluster/keys.ts";
import { nodeId, TestCluster } from "./cluster.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.make();
  for (const [name, id] of [
    ["blue", "abc1"],
    ["red", "abc2"],
    ["abc1x", "x9"],
    ["x9", "y1"],
  ]) {
    await cluster.put(networkKey(nodeId(id)), { id: nodeId(id), name });
    await cluster.put(networkNameKey(name), nodeId(id));
  }
});

test.each([
  ["blue", "blue"],
  [nodeId("abc2"), "red"],
  ["abc2", "red"],
  // A name comes before a beginning.
  ["x9", "x9"],
  ["abc1x", "abc1x"],
])("network %s is %s", async (reference, name) => {
  expect((await findNetwork(cluster.store, reference)).record.name).toBe(name);
});

test("none or several", async () => {
  await expect(findNetwork(cluster.store, "green")).rejects.toThrow("network green not found");
  expect(await findNetworkOrNone(cluster.store, "a/b")).toBeNull();
  await expect(findNetworkOrNone(cluster.store, "abc")).rejects.toThrow("network abc is ambiguous: 2 ids begin so");
});

test("nodes", async () => {
  expect((await findNode(cluster.store, "b")).record.id).toBe(nodeId("b"));
  expect((await findNode(cluster.store, nodeId("c"))).record.name).toBe("c");
  await expect(findNode(cluster.store, "z")).rejects.toThrow("node z not found");
  const nodes = ["n12", "n13", "n2"].map((id) => ({ key: "", json: "", modRevision: 1, record: { id, name: `host-${id}` } }) as never);
  expect((nodeAmong(nodes, "n2") as { record: { id: string } }).record.id).toBe("n2");
  expect(() => nodeAmong(nodes, "n1")).toThrow("node n1 is ambiguous: 2 ids begin so");
});
