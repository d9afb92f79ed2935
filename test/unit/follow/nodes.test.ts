import { expect, test } from "vitest";
import { Nodes } from "../../../host/follow/nodes.ts";
import { nodeRecord } from "./records.ts";

function nodesOf(...records: [string, string][]): Nodes {
  const nodes = new Nodes("self");
  for (const [id, vtep] of records) nodes.set(nodeRecord(id, vtep));
  return nodes;
}

test("this node is none of the others", () => {
  const nodes = nodesOf(["self", "10.99.0.1"], ["b", "10.99.0.2"]);
  expect(nodes.others().map(({ id }) => id)).toEqual(["b"]);
  expect(nodes.own()?.vtep).toBe("10.99.0.1");
  expect(nodes.ids).toEqual(["self", "b"]);
});

test("a new node, or another address, is told; other changes of a record are not", () => {
  const nodes = nodesOf(["b", "10.99.0.2"]);
  expect(nodes.set(nodeRecord("b", "10.99.0.2"))).toBe(false);
  expect(nodes.set(nodeRecord("b", "10.99.0.9"))).toBe(true);
  expect(nodes.set(nodeRecord("c", "10.99.0.3"))).toBe(true);
  expect([nodes.remove("c"), nodes.remove("c")]).toEqual([true, false]);
});

test("until it is known who lives nobody is dead; this node never is", () => {
  const nodes = nodesOf(["self", "10.99.0.1"], ["b", "10.99.0.2"], ["c", "10.99.0.3"]);
  nodes.removeAlive("b");
  expect([nodes.isAlive("b"), nodes.deadVteps()]).toEqual([true, new Set()]);
  nodes.setAlive(["b"]);
  expect(nodes.deadVteps()).toEqual(new Set(["10.99.0.3"]));
  nodes.addAlive("c");
  nodes.removeAlive("b");
  expect(nodes.deadVteps()).toEqual(new Set(["10.99.0.2"]));
});

test("each change of a node, and of who lives, is seen in the number of changes", () => {
  const nodes = nodesOf();
  const changes = [
    () => nodes.set(nodeRecord("b", "10.99.0.2")),
    () => nodes.setAlive(["b"]),
    () => nodes.removeAlive("b"),
    () => nodes.addAlive("b"),
    () => nodes.remove("b"),
  ];
  const seen = changes.map((change) => {
    const before = nodes.changes;
    change();
    return nodes.changes > before;
  });
  expect(seen).toEqual([true, true, true, true, true]);
});
