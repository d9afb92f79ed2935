import { expect, test } from "vitest";
import { type NodeRecord, rewrite } from "../../../../host/model/cluster/records.ts";

test("a field that this version does not know survives a rewrite", () => {
  const before = JSON.stringify({ id: "n1", availability: "active", fromTheFuture: { deep: [1, 2] } });
  expect(JSON.parse(rewrite<NodeRecord>(before, { availability: "drain" }))).toEqual({
    id: "n1",
    availability: "drain",
    fromTheFuture: { deep: [1, 2] },
  });
});
