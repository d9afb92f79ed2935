import { beforeEach, describe, expect, test } from "vitest";
import { MEMBERS_KEY, nodeKey } from "../../../host/model/cluster/keys.ts";
import type { Asked } from "../../../host/model/cluster/operations.ts";
import { OperationError, UsageError } from "../../../host/model/errors.ts";
import { nodeId, TestCluster } from "./cluster.ts";

let cluster: TestCluster;

const register = (node: string, input: Partial<Asked<"node.register">> = {}) =>
  cluster.manager.ask(cluster.caller(node), "node.register", {
    name: node,
    vtep: `192.168.0.${1 + "abc".indexOf(node)}`,
    manager: node === "a" ? "192.168.0.1:2377" : null,
    incarnation: 1,
    version: "0.1.0",
    ...input,
  });
const record = async (node: string) => JSON.parse((await cluster.store.get(nodeKey(nodeId(node))))?.value ?? "null");

beforeEach(async () => {
  cluster = await TestCluster.make();
});

test("a member that has not changed is told the cluster, and nothing is written", async () => {
  const { revision } = cluster.store;
  expect(await register("b")).toEqual({ nodeId: nodeId("b"), clusterId: nodeId("cluster"), dataPort: 4789 });
  expect(cluster.store.revision).toBe(revision);
});

test("a new name or address is written; what this version does not know is kept", async () => {
  await cluster.put(nodeKey(nodeId("b")), { ...(await record("b")), key: "k", later: [1] });
  await register("b", { name: "bee", vtep: "2001:DB8::2" });
  expect(await record("b")).toMatchObject({ name: "bee", vtep: "2001:db8::2", role: "worker", key: "k", later: [1] });
  expect((await cluster.store.get(MEMBERS_KEY))?.value).toBe("1");
  await register("a", { manager: "192.168.0.1:9999" });
  expect((await record("a")).manager).toBe("192.168.0.1:9999");
});

describe("refused", () => {
  test.each<[string, string, Partial<Asked<"node.register">>, string]>([
    ["a name that is taken", "b", { name: "c" }, `node name c is that of node ${nodeId("c").slice(0, 12)} (192.168.0.3)`],
    ["a VTEP that is taken", "b", { vtep: "::ffff:192.168.0.3" }, "VTEP address 192.168.0.3 is that of node c"],
    ["a VTEP inside a network", "b", { vtep: "10.0.0.77" }, "VTEP address 10.0.0.77 lies in network blue"],
    ["no member", "z", { vtep: "192.168.0.9" }, "is not a member of the cluster (any more): join again with a token"],
    [
      "a copy of a state directory",
      "b",
      { incarnation: 0 },
      "node b runs already, started later (1, this one 0): is its state directory a copy?",
    ],
  ])("by the state: %s", async (_what, node, input, message) => {
    await cluster.network("blue");
    const failure = await register(node, input).catch((error) => error);
    expect(failure).toBeInstanceOf(OperationError);
    expect(failure.message).toContain(message);
  });

  test.each<[string, Partial<Asked<"node.register">>, string]>([
    ["name", { name: "a b" }, 'invalid node name "a b"'],
    ["VTEP", { vtep: "224.0.0.1" }, "invalid VTEP address: 224.0.0.1 is a multicast address"],
    ["manager", { manager: "x:1" }, "a worker serves no managers' address"],
  ])("as asked: %s", async (_what, input, message) => {
    const failure = await register("b", input).catch((error) => error);
    expect(failure).toBeInstanceOf(UsageError);
    expect(failure.message).toContain(message);
  });
});

test("a network over its new address by then", async () => {
  cluster.store.interlude(0, () => cluster.network("blue"));
  await expect(register("b", { vtep: "10.0.0.9" })).rejects.toThrow("VTEP address 10.0.0.9 lies in network blue");
});

test("of two that want one name, one has it", async () => {
  const manager = cluster.newManager();
  const ask = (node: string, by = cluster.manager) =>
    by.ask(cluster.caller(node), "node.register", {
      name: "x",
      vtep: `192.168.1.${node === "b" ? 1 : 2}`,
      manager: null,
      incarnation: 1,
      version: "",
    });
  const answers = await Promise.allSettled([ask("b"), ask("c", manager)]);
  expect(answers.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
});
