import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OperationError } from "../../../host/model/errors.ts";
import { sampleNode, samplePeer } from "./samples.ts";
import { type FakeAgent, fakeAgent } from "./weft.ts";

// The sample view's node, this host, is "a".
const A = sampleNode("a", {
  Spec: { Role: "manager", Availability: "active", Name: "a" },
  ManagerStatus: { Addr: "10.99.0.1:2377" },
  Status: { State: "ready", Addr: "10.99.0.1" },
});
const B = sampleNode("b", { Spec: { Role: "worker", Availability: "drain", Name: "b" } });
const C = sampleNode("c", { ManagerStatus: { Addr: "10.99.0.3:2377" }, Status: { State: "down", Addr: "10.99.0.3" } });

let agent: FakeAgent;
beforeEach(async () => {
  agent = await fakeAgent({
    "node.ls": () => [A, B, C],
    "peer.ls": () => [
      samplePeer("b", { state: "suspect", cause: "path", loss: 0.25 }),
      samplePeer("c", { state: "down", rttSeconds: null, loss: 1, pathMtu: null }),
    ],
    "node.inspect": ({ names }) => ({
      found: names.includes("a") ? [A] : [],
      refused: names.filter((name) => name !== "a").map((name) => ({ name, message: `node "${name}" not found` })),
    }),
    "node.rm": ({ names }) => ({ removed: names.slice(0, 1), refused: names.slice(1).map((name) => ({ name, message: "is not down" })) }),
    "node.drain": ({ name }) => {
      if (name === "gone") throw new OperationError('node "gone" not found');
      return {};
    },
  });
});
afterEach(() => agent.close());

describe("weft node ls", () => {
  test("Docker's columns, and the path as this host sees it", async () => {
    const { code, out, err } = await agent.weft(["node", "ls"]);
    expect([code, err]).toEqual([0, ""]);
    const rows = out
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/ {3,}/));
    expect(rows).toEqual([
      ["ID", "HOSTNAME", "STATUS", "AVAILABILITY", "MANAGER STATUS", "VTEP", "PATH", "RTT", "LOSS", "PATH MTU", "VERSION"],
      [`${A.ID} *`, "a", "Ready", "Active", "Reachable", "10.99.0.1", "-", "-", "-", "-", "0.2.0"],
      [B.ID, "b", "Ready", "Drain", "-", "10.99.0.2", "suspect (path)", "0.21 ms", "25%", "1500", "0.2.0"],
      [C.ID, "c", "Down", "Active", "Unreachable", "10.99.0.3", "down", "-", "100%", "-", "0.2.0"],
    ]);
  });

  test("programs get numbers", async () => {
    const { out } = await agent.weft(["node", "ls", "--format", "json"]);
    const rows = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows[0]).toMatchObject({ ID: A.ID, Self: true, RTT: null, Endpoints: 3 });
    expect(rows[1]).toMatchObject({ ID: B.ID, Self: false, Path: "suspect", RTT: 0.000213, Loss: 0.25, PathMTU: 1500 });
  });

  test("-q asks for no more than it prints, filters are passed on", async () => {
    const args = ["node", "list", "-q", "-f", "role=manager", "--filter", "name=a", "-f", "name=b"];
    expect((await agent.weft(args)).out).toBe(`${A.ID}\n${B.ID}\n${C.ID}\n`);
    expect(agent.asked).toEqual([{ name: "node.ls", input: { filters: { role: ["manager"], name: ["a", "b"] } } }]);
  });
});

describe("weft node inspect", () => {
  test("an array; self is this host", async () => {
    const { code, out } = await agent.weft(["node", "inspect", "self"]);
    expect([code, JSON.parse(out)]).toEqual([0, [A]]);
  });

  test("what is not there is told", async () => {
    expect(await agent.weft(["node", "inspect", "-f", "{{.Spec.Role}}", "a", "x"])).toEqual({
      code: 1,
      out: "manager\n",
      err: 'node "x" not found\n',
    });
  });
});

test("weft node rm", async () => {
  expect(await agent.weft(["node", "rm", "--force", "b", "c"])).toEqual({ code: 1, out: "b\n", err: "c: is not down\n" });
  expect(agent.asked).toEqual([{ name: "node.rm", input: { names: ["b", "c"], force: true } }]);
});

describe("availability", () => {
  test.each([
    [["node", "drain", "b"], { name: "b", active: false }],
    [["node", "drain", "--undo", "b"], { name: "b", active: true }],
    [["node", "update", "--availability", "drain", "b"], { name: "b", active: false }],
    [["node", "update", "--availability", "active", "self"], { name: "a", active: true }],
  ])("%j", async (args, input) => {
    expect(await agent.weft(args)).toEqual({ code: 0, out: `${args.at(-1)}\n`, err: "" });
    expect(agent.asked).toEqual([{ name: "node.drain", input }]);
  });

  test("all are tried", async () => {
    expect(await agent.weft(["node", "drain", "gone", "b"])).toEqual({ code: 1, out: "b\n", err: 'node "gone" not found\n' });
  });
});

test.each([
  [["node", "lst"], "unknown command 'lst' for 'weft node' (there are: ls, inspect, rm, drain, update)"],
  [["node", "ls", "-f", "role"], "option '-f, --filter <key=value>' argument 'role' is invalid. Expected KEY=VALUE."],
  [["node", "ls", "--format", "{{.Id}}"], "--format: there is no field .Id here (there are: ID, "],
  [["node", "inspect"], "missing required argument 'node'"],
  [["node", "update", "b"], "required option '--availability <state>' not specified"],
  [["node", "update", "--availability", "pause", "b"], "Allowed choices are active, drain."],
  [["node", "drain"], "missing required argument 'node'"],
])("%j is refused", async (args, message) => {
  const { code, out, err } = await agent.weft(args);
  expect([code, out]).toEqual([2, ""]);
  expect(err).toContain(message);
});
