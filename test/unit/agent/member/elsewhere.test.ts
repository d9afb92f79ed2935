import { beforeEach, expect, test } from "vitest";
import { refuseElsewhere } from "../../../../host/agent/member/elsewhere.ts";
import { StoreError } from "../../../../host/model/cluster/store.ts";
import { nodeId, TestCluster } from "../../manager/cluster.ts";

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await TestCluster.make();
  await cluster.addNode("x", "10.99.0.9");
});
const start = (vtep: string, leaseMs = 0) => refuseElsewhere(cluster.store, { id: nodeId("x"), vtep, stateDir: "/state" }, leaseMs);

test("a node that lives at another address is refused by name", async () => {
  await expect(start("10.99.0.10")).rejects.toThrow(
    "node x runs at 10.99.0.9: state directory /state is a copy of that host's; remove it and join anew",
  );
});

test("one that comes back is not, nor one with a new address, once its lease has ended", async () => {
  await start("10.99.0.9");
  const starting = start("10.99.0.10", 60_000);
  await cluster.die("x");
  await starting;
  await start("10.99.0.10");
});

test("a stranger is not this check's business, and without a manager nobody knows", async () => {
  await refuseElsewhere(cluster.store, { id: "nobody", vtep: "10.99.0.9", stateDir: "/state" });
  const get = async () => {
    throw new StoreError("unavailable", "no manager answers");
  };
  await refuseElsewhere({ get }, { id: nodeId("x"), vtep: "10.99.0.10", stateDir: "/state" });
});
