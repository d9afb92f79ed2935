// A real etcd behind the front: TLS with client certificates, the member that goes, streams that end. Its API is the contract suite's.

import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EtcdBackend } from "../../../../host/store/etcd/backend.ts";
import { PutRequestSchema, type WatchRequest, WatchRequestSchema, type WatchResponse } from "../../../../host/store/generated/rpc_pb.js";
import { Certificates } from "../../../../lab/certificates.ts";
import { Etcd } from "../../../../lab/etcd.ts";
import { eventually } from "../../../../lab/wait.ts";
import { NO_ETCD } from "../etcd-subject.ts";

/** Asks for one watch of everything, and for nothing more. */
async function* oneWatch(signal: AbortSignal): AsyncGenerator<WatchRequest> {
  const value = { key: Buffer.from([0]), rangeEnd: Buffer.from([0]) };
  yield create(WatchRequestSchema, { requestUnion: { case: "createRequest", value } });
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
}

describe.skipIf(NO_ETCD)("three members with TLS", () => {
  let certificates: Certificates;
  let etcd: Etcd;
  let backend: EtcdBackend;
  const put = (value: string) => backend.put(create(PutRequestSchema, { key: Buffer.from("k"), value: Buffer.from(value) }));

  beforeAll(async () => {
    certificates = await Certificates.make();
    const files = await certificates.issue("etcd", "/CN=etcd");
    etcd = await Etcd.start({ members: 3, tls: files });
    backend = new EtcdBackend({ endpoints: etcd.endpoints, tls: () => files, random: () => 0 });
  }, 60_000);
  afterAll(async () => {
    await backend?.close();
    await etcd?.stop();
    certificates?.remove();
  });

  test("it says how it is, and who its members are", async () => {
    expect((await backend.status()).version).toMatch(/^3\./);
    expect((await backend.memberList()).members.length).toBe(3);
  });

  test("without a certificate of its CA, the line says whom it tried", async () => {
    const others = await Certificates.make();
    const { caPem } = await others.issue("x", "/CN=x");
    const stranger = new EtcdBackend({ endpoints: etcd.endpoints, tls: () => ({ caPem }), deadlineMs: 500 });
    try {
      await expect(stranger.status()).rejects.toMatchObject({
        code: status.UNAVAILABLE,
        message: `no etcd answers (tried ${etcd.endpoints.join(", ")}): its certificate is not signed by this cluster's CA`,
      });
    } finally {
      await stranger.close();
      others.remove();
    }
  });

  test("a watch ends when who watches goes", async () => {
    const abort = new AbortController();
    const heard: WatchResponse[] = [];
    const listening = (async () => {
      for await (const response of backend.watch(oneWatch(abort.signal), abort.signal)) heard.push(response);
    })();
    await eventually("the watch", () => heard.some(({ created }) => created));
    await put("1");
    await eventually("the event", () => heard.some(({ events }) => events.length === 1));
    abort.abort();
    await listening;
  });

  test("when its member is killed a watch ends with unavailable, and calls go to the others", async () => {
    const abort = new AbortController();
    const heard: WatchResponse[] = [];
    const listening = (async () => {
      for await (const response of backend.watch(oneWatch(abort.signal), abort.signal)) heard.push(response);
    })();
    const ended = expect(listening).rejects.toMatchObject({
      code: status.UNAVAILABLE,
      message: expect.stringContaining("connection lost"),
    });
    await eventually("the watch", () => heard.some(({ created }) => created));
    await etcd.kill(0);
    await ended;
    abort.abort();
    await eventually("a put", () => put("2").catch(() => null));
  });

  test("members that are frozen are passed by", async () => {
    await etcd.restart(0);
    await backend.status();
    etcd.freeze(1);
    try {
      const begin = performance.now();
      await eventually("a put", () => put("3").catch(() => null), 20_000);
      expect(performance.now() - begin).toBeLessThan(15_000);
    } finally {
      etcd.thaw(1);
    }
  });
});
