import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { becomeMember, frontAddress, vtepOf } from "../../../../host/agent/member/membership.ts";
import { StateDir } from "../../../../host/cluster/state-dir.ts";
import { DEFAULT_POOLS, type MemberOptions } from "../../../../host/model/cluster/start.ts";

let directory: string;
let state: StateDir;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-membership-"));
  state = StateDir.open(directory);
});
afterEach(() => {
  state.close();
  rmSync(directory, { recursive: true, force: true });
});

function options(changes: Partial<MemberOptions> = {}): MemberOptions {
  return {
    name: "a",
    advertise: "10.99.0.1",
    listen: { host: "0.0.0.0", port: 2377 },
    metrics: null,
    socket: join(directory, "weft.sock"),
    stateDir: directory,
    workers: 1,
    injection: "auto",
    store: { kind: "embedded" },
    join: null,
    create: { dataPort: 4789, pools: DEFAULT_POOLS },
    ...changes,
  };
}

test("a front that listens everywhere is reached by the VTEP address", () => {
  expect(frontAddress(options(), "10.99.0.1")).toBe("10.99.0.1:2377");
  expect(frontAddress(options({ listen: { host: "::", port: 2400 } }), "fd99::1")).toBe("[fd99::1]:2400");
  expect(frontAddress(options({ listen: { host: "10.1.0.1", port: 2377 } }), "10.99.0.1")).toBe("10.1.0.1:2377");
});

test("the first start founds a cluster, each later one comes back as the same node", async () => {
  const first = await becomeMember(state, options(), "10.99.0.1");
  expect(first).toMatchObject({ name: "a", role: "manager", vtep: "10.99.0.1", incarnation: 1 });
  const second = await becomeMember(state, options({ name: "b" }), "10.99.0.2");
  expect(second).toMatchObject({ id: first.id, clusterId: first.clusterId, name: "b", vtep: "10.99.0.2", incarnation: 2 });
  expect(state.node()).toMatchObject({ name: "b", vtep: "10.99.0.2" });
});

test("the VTEP address is the one asked for, else the one that it was; it has to be this host's", async () => {
  await becomeMember(state, options(), "10.99.0.1");
  expect(await vtepOf(options({ advertise: "127.0.0.1" }), state)).toBe("127.0.0.1");
  await expect(vtepOf(options({ advertise: null }), state)).rejects.toThrow("10.99.0.1 is not an address of this host");
  await becomeMember(state, options(), "127.0.0.1");
  expect(await vtepOf(options({ advertise: null }), state)).toBe("127.0.0.1");
});

test("a worker's state directory makes no cluster of its own", async () => {
  const node = await becomeMember(state, options(), "10.99.0.1");
  state.writeNode({ ...node, role: "worker" });
  await expect(becomeMember(state, options(), "10.99.0.1")).rejects.toThrow(
    `a worker of cluster ${node.clusterId}: it comes back by \`weft join\`, or \`weft leave\` first`,
  );
});

test("a leave that was cut short leaves the key, and nothing else", async () => {
  const before = await becomeMember(state, options(), "10.99.0.1");
  const key = state.key();
  state.writeNode({ ...before, leaving: true });
  writeFileSync(join(directory, "plan.json"), "{}");
  const refused = becomeMember(state, options({ join: { token: "x", managers: [] } }), "10.99.0.1");
  await expect(refused).rejects.toThrow("--token");
  expect([state.node(), state.certificate(), state.key()]).toEqual([null, null, key]);
  expect(existsSync(join(directory, "plan.json"))).toBe(false);
});
