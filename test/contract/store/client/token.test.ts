// A real etcd with users: name and password open it, and a token that it has forgotten is replaced unnoticed.

import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ClusterClient, connectStore } from "../../../../host/store/client/store.ts";
import { EtcdBackend } from "../../../../host/store/etcd/backend.ts";
import { RangeRequestSchema } from "../../../../host/store/generated/rpc_pb.js";
import { run } from "../../../../lab/command.ts";
import { Etcd } from "../../../../lab/etcd.ts";
import { eventually } from "../../../../lab/wait.ts";
import { NO_ETCD } from "../etcd-subject.ts";
import { Recorder } from "../suite/recorder.ts";

describe.skipIf(NO_ETCD)("a real etcd with users", () => {
  let etcd: Etcd;
  let client: ClusterClient;
  const user = { name: "root", password: "secret" };
  const connect = (password: string) =>
    connectStore({ endpoints: () => etcd.endpoints, tls: null, server: "etcd", user: { ...user, password } });

  beforeAll(async () => {
    etcd = await Etcd.start();
    const etcdctl = (...args: string[]) => run(["etcdctl", `--endpoints=${etcd.endpoints[0]}`, ...args]);
    const early = connect("whatever");
    expect(await early.get("a"), "a user, where etcd has none yet").toBeNull();
    early.close();
    await etcdctl("user", "add", `${user.name}:${user.password}`);
    await etcdctl("user", "grant-role", "root", "root");
    await etcdctl("auth", "enable");
    client = connect(user.password);
  });
  afterAll(async () => {
    client?.close();
    await etcd?.stop();
  });

  test("with the password, all goes as without users", async () => {
    await client.commit([{ key: "a", is: "absent" }], [{ put: "a", value: "1" }]);
    expect((await client.get("a"))?.value).toBe("1");
  });

  test("with another, or with none, it says so", async () => {
    const other = connect("wrong");
    const none = connectStore({ endpoints: () => etcd.endpoints, tls: null, server: "etcd" });
    try {
      await expect(other.get("a")).rejects.toMatchObject({
        failure: "unauthenticated",
        message: expect.stringMatching(/^user root: .*failed/),
      });
      await expect(none.get("a")).rejects.toMatchObject({ failure: "invalid", message: "user name is empty" });
    } finally {
      other.close();
      none.close();
    }
  });

  test("after a restart, which forgets all tokens: calls, beats, a watch and the backend go on", async () => {
    const backend = new EtcdBackend({ endpoints: etcd.endpoints, tls: null, user });
    const range = () => backend.range(create(RangeRequestSchema, { key: Buffer.from("a") }));
    try {
      const recorder = new Recorder();
      client.watch("a", recorder);
      const { id } = await client.grantLease(30);
      await eventually("the stream", () => recorder.connections.at(-1));
      await range();
      await etcd.kill(0);
      await etcd.restart(0);
      await eventually("the watch's return", () => recorder.connections.length > 2 && recorder.connections.at(-1));
      await client.commit([], [{ put: "ab", value: "2" }]);
      expect(await client.keepLease(id)).toBe(30);
      await recorder.has((await client.list("a")).entries);
      expect([recorder.faults, recorder.snapshots.length]).toEqual([[], 1]);
      expect((await range()).count).toBe(1n);
    } finally {
      await backend.close();
    }
  });
});
