import { expect, test } from "vitest";
import { FAILURES_MAX, Failures } from "../../../host/control/failures.ts";
import type { Desired, DesiredNetwork } from "../../../host/model/forwarding.ts";

const DESIRED: Desired = new Map([["w1", { settings: { name: "blue" } } as DesiredNetwork]]);

test("a line has its place in front, by the network's name", () => {
  const failures = new Failures(DESIRED);
  failures.addAt({ do: "setFdb", network: "w1", key: "02:42:0a:00:00:02", value: "192.0.2.1" }, ["no room"]);
  failures.addAt({ do: "setPeers", network: "w1", key: "", peers: [] }, ["one", "two"]);
  failures.addAt({ do: "removeNetwork", network: "w2", key: "" }, ["gone already"]);
  expect(failures.lines).toEqual([
    "network blue, fdb 02:42:0a:00:00:02: no room",
    "network blue, peers: one",
    "network blue, peers: two",
    "network w2: gone already",
  ]);
});

test("too many are counted in the last line", () => {
  const failures = new Failures(DESIRED);
  failures.add(Array.from({ length: FAILURES_MAX }, (_, i) => `line ${i}`));
  expect(failures.lines).toHaveLength(FAILURES_MAX);
  failures.add(["a", "b", "c"]);
  expect(failures.lines).toHaveLength(FAILURES_MAX + 1);
  expect(failures.lines.at(-1)).toBe("and 3 more");
});
