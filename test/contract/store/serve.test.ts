// The gRPC server: etcd's own command line works against it, and it begins and ends cleanly.

import { spawnSync } from "node:child_process";
import { create } from "@bufbuild/protobuf";
import { Client, credentials, ServerCredentials, type ServiceError } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OperationError } from "../../../host/model/errors.ts";
import { openEmbedded } from "../../../host/store/embedded/backend.ts";
import { Watch, WatchRequestSchema } from "../../../host/store/generated/rpc_pb.js";
import { methodsOf } from "../../../host/store/grpc.ts";
import { serveBackend } from "../../../host/store/serve.ts";
import { Daemon } from "../../../lab/daemon.ts";
import { EmbeddedServer } from "./embedded-subject.ts";

let server: EmbeddedServer;
beforeEach(async () => {
  server = await EmbeddedServer.start();
});
afterEach(() => server.stop());

const NO_ETCDCTL = spawnSync("etcdctl", ["version"]).error ? "etcdctl is not installed (Debian package etcd-client)" : "";

describe.skipIf(NO_ETCDCTL)("etcdctl", () => {
  const environment = { ETCDCTL_API: "3" };
  const argv = (...words: string[]) => ["etcdctl", "--endpoints", server.endpoint, "--command-timeout=10s", ...words];

  async function etcdctl(words: string[], input = ""): Promise<string> {
    const daemon = new Daemon(argv(...words), { environment, input: "pipe" });
    daemon.input.end(input);
    const { code } = await daemon.exited;
    if (code !== 0) throw new Error(daemon.stderr);
    return daemon.stdout.trim();
  }

  test("get, put, del, txn, compact", async () => {
    expect(await etcdctl(["put", "a", "1"])).toBe("OK");
    expect(await etcdctl(["put", "a", "2", "--prev-kv"])).toBe("OK\na\n1");
    expect(await etcdctl(["put", "b", "3"])).toBe("OK");
    expect(await etcdctl(["get", "", "--prefix", "--keys-only"])).toBe("a\n\nb");
    expect(await etcdctl(["get", "a", "--rev=2", "--print-value-only"])).toBe("1");
    expect(JSON.parse(await etcdctl(["get", "b", "-w=json"]))).toMatchObject({ header: { revision: 4 }, count: 1 });
    expect(await etcdctl(["txn"], 'value("a") = "2"\nversion("b") = "1"\n\nput a 9\nget b\n\nget a\n\n')).toMatch(/^SUCCESS\s+OK\s+b\n3$/);
    expect(await etcdctl(["del", "a"])).toBe("1");
    expect(await etcdctl(["compact", "5"])).toBe("compacted revision 5");
    await expect(etcdctl(["get", "a", "--rev=2"])).rejects.toThrow("required revision has been compacted");
    await expect(etcdctl(["put", "a", "1", "--lease=123"])).rejects.toThrow("requested lease not found");
  });

  test("lease", async () => {
    const id = /lease (\w+) granted with TTL\(60s\)/.exec(await etcdctl(["lease", "grant", "60"]))?.[1] ?? "";
    await etcdctl(["put", "a", "1", `--lease=${id}`]);
    expect(await etcdctl(["lease", "timetolive", id, "--keys"])).toMatch(
      /granted with TTL\(60s\), remaining\(\d+s\), attached keys\(\[a\]\)/,
    );
    expect(await etcdctl(["lease", "list"])).toContain(id);
    expect(await etcdctl(["lease", "keep-alive", "--once", id])).toContain("keepalived with TTL(60)");
    expect(await etcdctl(["lease", "revoke", id])).toBe(`lease ${id} revoked`);
    expect(await etcdctl(["get", "a"])).toBe("");
  });

  test("watch, from the past on", async () => {
    await etcdctl(["put", "a", "1"]);
    const watching = new Daemon(argv("watch", "--prefix", "", "--rev=2", "--prev-kv"), { environment });
    try {
      await watching.waitFor(/^PUT\na\n1$/m);
      await etcdctl(["put", "a", "2"]);
      await watching.waitFor(/^PUT\na\n1\na\n2$/m);
      await etcdctl(["del", "a"]);
      await watching.waitFor(/^DELETE\na\n2\na$/m);
    } finally {
      await watching.kill();
    }
  });

  test("endpoint, member", async () => {
    expect(await etcdctl(["endpoint", "status"])).toMatch(/, 3\.4\.0, \d+ kB, true, false, 1, 1, 1,/);
    expect(await etcdctl(["endpoint", "health"])).toBe("");
    expect(await etcdctl(["member", "list"])).toMatch(/^\w+, started, m0, , http:\/\/127\.0\.0\.1:2379, false$/);
  });
});

test("a port that is taken is named", async () => {
  const backend = await openEmbedded({ file: `${server.folder}/other.db` });
  const port = Number(server.endpoint.split(":")[1]);
  const serving = serveBackend({ host: "127.0.0.1", port, credentials: ServerCredentials.createInsecure(), backendFor: () => backend });
  await expect(serving).rejects.toThrow(OperationError);
  await expect(serving).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: address already in use`);
  await backend.close();
});

test("it ends in time, and tells watches why, though callers stay", async () => {
  const { path, requestSerialize, responseDeserialize } = methodsOf(Watch).watch;
  const client = new Client(server.endpoint, credentials.createInsecure());
  const watching = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  watching.write(create(WatchRequestSchema, { requestUnion: { case: "createRequest", value: { key: Buffer.from("a") } } }));
  await new Promise((resolve) => watching.once("data", resolve));
  const ended = new Promise<ServiceError>((resolve) => watching.once("error", resolve));
  const began = performance.now();
  await server.restart();
  expect(await ended).toMatchObject({ code: 14, details: "etcdserver: server stopped" });
  expect(performance.now() - began).toBeLessThan(5_000);
  client.close();
});
