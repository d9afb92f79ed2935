// The front from outside: who is turned away and with which line, operations and their errors, and etcdctl with a manager's certificate.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CLUSTER_KEY, NODES } from "../../../host/model/cluster/keys.ts";
import { OperationError, UsageError } from "../../../host/model/errors.ts";
import { connectStore, type StoreClientOptions } from "../../../host/store/client/store.ts";
import { Ground, type Manager, type Member } from "../cluster/manager.ts";

const ground = new Ground();
const asked: { caller: object; operation: string; inputJson: string }[] = [];
let manager: Manager;
let worker: Member;

beforeAll(async () => {
  manager = await ground.manager({
    control: async (caller, operation, inputJson) => {
      asked.push({ caller, operation, inputJson });
      if (operation === "network.create") throw new UsageError("--subnet: 10.0.0.1/24 has host bits");
      if (operation === "network.rm") throw new OperationError("network blue is in use by a, b");
      if (operation === "node.ls") throw new TypeError("a bug\nof two lines");
      return { operation };
    },
  });
  worker = await ground.member(manager);
});
afterAll(() => ground.close());

/** What a client with other papers is told. */
async function toldTo(options: Partial<StoreClientOptions>): Promise<string> {
  const client = connectStore({ endpoints: () => [manager.address], tls: null, deadlineMs: 2000, ...options });
  try {
    await client.get(CLUSTER_KEY);
    return "let in";
  } catch (error) {
    return (error as Error).message;
  } finally {
    client.close();
  }
}

test("without a certificate, or with a foreign one, a caller is refused by name; so is one of another cluster", async () => {
  const other = await ground.manager();
  const { caPem } = manager.identity.tls();
  const nameless = `no certificate that is good in cluster ${manager.record.id}`;
  expect(await toldTo({ tls: () => ({ caPem }) })).toContain(nameless);
  expect(await toldTo({ tls: () => ({ ...other.identity.tls(), caPem }) })).toContain(nameless);
  expect(await toldTo({ tls: () => ({ ...other.identity.tls(), caPem }), clusterId: () => other.record.id })).toBe(
    `this is a manager of cluster ${manager.record.id}, not of "${other.record.id}"`,
  );
  expect(await toldTo({ tls: () => other.identity.tls() })).toContain("its certificate is not signed by this cluster's CA");
  expect(await toldTo({ tls: () => worker.identity.tls(), clusterId: () => manager.record.id })).toBe("let in");
});

test("an operation reaches the manager with its caller, and its answer and errors come back as they are", async () => {
  expect(await worker.store.do("cluster.info", {})).toEqual({ operation: "cluster.info" });
  expect(asked.at(-1)).toEqual({ caller: { nodeId: worker.node.id, role: "worker" }, operation: "cluster.info", inputJson: "{}" });
  const usage = await worker.store.do("network.create", { Name: "x" }).catch((error) => error);
  expect([usage instanceof UsageError, usage.message]).toEqual([true, "--subnet: 10.0.0.1/24 has host bits"]);
  const failed = await worker.store.do("network.rm", { names: ["blue"] }).catch((error) => error);
  expect([failed instanceof OperationError, failed.message]).toEqual([true, "network blue is in use by a, b"]);
  await expect(worker.store.do("node.ls", {})).rejects.toThrow("a bug; of two lines");
});

test("what is too large is refused before anybody asks who sent it", async () => {
  const { caPem } = manager.identity.tls();
  const client = connectStore({ endpoints: () => [manager.address], tls: () => ({ caPem }), deadlineMs: 5000 });
  const before = asked.length;
  const name = "x".repeat(5 * 1024 ** 2);
  await expect(client.do("network.create", { Name: name })).rejects.toThrow(/larger than max|too large/i);
  client.close();
  expect(asked).toHaveLength(before);
});

async function etcdctl(identity: Manager["identity"] | Member["identity"], directory: string, endpoint: string, ...words: string[]) {
  const file = (name: string) => join(directory, name);
  expect(identity.tls().certPem).not.toBe("");
  const argv = ["--endpoints", endpoint, "--cacert", file("ca.pem"), "--cert", file("cert.pem"), "--key", file("key.pem"), ...words];
  const { stdout } = await promisify(execFile)("etcdctl", argv, { env: { ...process.env, ETCDCTL_API: "3" }, timeout: 10_000 });
  return stdout;
}

test("etcdctl works with a manager's files, by address and by name, and with a worker's as far as a worker may", async () => {
  const files = manager.state.path;
  for (const endpoint of [manager.address, `localhost:${manager.port}`]) {
    expect(await etcdctl(manager.identity, files, endpoint, "get", "--keys-only", "--prefix", "/weft/v1/")).toContain(CLUSTER_KEY);
  }
  expect(await etcdctl(manager.identity, files, manager.address, "put", "note", "a")).toBe("OK\n");
  expect(await etcdctl(manager.identity, files, manager.address, "get", "note")).toBe("note\na\n");
  expect(await etcdctl(manager.identity, files, manager.address, "del", "note")).toBe("1\n");
  expect(await etcdctl(manager.identity, files, manager.address, "lease", "grant", "60")).toMatch(/granted with TTL\(60s\)/);
  expect(await etcdctl(manager.identity, files, manager.address, "endpoint", "status")).toContain(manager.address);
  expect(await etcdctl(manager.identity, files, manager.address, "member", "list")).toContain("started");
  const theirs = worker.state.path;
  expect(await etcdctl(worker.identity, theirs, manager.address, "get", "--keys-only", "--limit=100", "--prefix", NODES)).toContain(
    worker.node.id,
  );
  await expect(etcdctl(worker.identity, theirs, manager.address, "get", "--prefix", "/weft/v1/token/")).rejects.toThrow(/may not read/);
});

test("a front that cannot listen says where", async () => {
  await expect(ground.manager({}, manager.state.path)).rejects.toThrow(/in use by weft \(pid \d+\)/);
});
