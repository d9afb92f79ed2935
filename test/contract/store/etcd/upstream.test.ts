// One watch on a real etcd, alone: it is read as it is taken, and a member that falls silent is left.

import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Connection } from "../../../../host/store/client/connection.ts";
import { HOST_NAME } from "../../../../host/store/client/identity.ts";
import { watchEtcd } from "../../../../host/store/etcd/upstream.ts";
import { WatchCreateRequestSchema } from "../../../../host/store/generated/rpc_pb.js";
import { Etcd } from "../../../../lab/etcd.ts";
import { NO_ETCD } from "../etcd-subject.ts";

describe.skipIf(NO_ETCD)("a watch on etcd", () => {
  let etcd: Etcd;
  let connection: Connection;
  const request = create(WatchCreateRequestSchema, { key: Buffer.from([0]), rangeEnd: Buffer.from([0]) });

  beforeAll(async () => {
    etcd = await Etcd.start();
    connection = new Connection({
      endpoints: () => etcd.endpoints,
      tls: null,
      identity: HOST_NAME,
      who: "etcd",
      deadlineMs: 5_000,
      keepaliveMs: 60_000,
    });
  }, 60_000);
  afterAll(async () => {
    connection?.close();
    await etcd?.stop();
  });

  test("ends with its signal, without an error", async () => {
    const abort = new AbortController();
    const responses = watchEtcd(connection, request, abort.signal);
    expect((await responses.next()).value).toMatchObject({ created: true });
    const next = responses.next();
    abort.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  test("of a member that is silent is given up, though its connection is well", async () => {
    const responses = watchEtcd(connection, request, new AbortController().signal);
    await responses.next();
    etcd.freeze(0);
    try {
      await expect(responses.next()).rejects.toMatchObject({
        code: status.UNAVAILABLE,
        message: `etcd ${etcd.endpoints[0]}: nothing was heard for too long`,
      });
    } finally {
      etcd.thaw(0);
    }
  }, 30_000);
});
