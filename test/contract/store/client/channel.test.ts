// One connection: calls, streams of one question, the end.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Metadata, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Channel } from "../../../../host/store/client/channel.ts";
import { MANAGER } from "../../../../host/store/client/identity.ts";
import { isAway } from "../../../../host/store/client/reasons.ts";
import {
  KV,
  Lease,
  LeaseGrantRequestSchema,
  LeaseKeepAliveRequestSchema,
  RangeRequestSchema,
  Watch,
  WatchRequestSchema,
} from "../../../../host/store/generated/rpc_pb.js";
import { methodsOf } from "../../../../host/store/grpc.ts";
import { CuttingProxy } from "../../../../lab/cutting-proxy.ts";
import { EmbeddedServer } from "../embedded-subject.ts";

const OPTIONS = { tls: null, identity: MANAGER, keepaliveMs: 1000 };
const PATIENCE_MS = 10_000;
const never = new AbortController().signal;
const range = create(RangeRequestSchema, { key: Buffer.from("k") });
let store: EmbeddedServer;

beforeAll(async () => {
  store = await EmbeddedServer.start();
});
afterAll(() => store.stop());

test("a call, and one question on a stream", async () => {
  const channel = new Channel(store.endpoint, OPTIONS);
  try {
    expect(channel.isReady).toBe(false);
    await channel.ready(PATIENCE_MS, never);
    expect(channel.isReady).toBe(true);
    expect((await channel.unary(methodsOf(KV).range, range, new Metadata(), PATIENCE_MS)).kvs).toEqual([]);
    const { leaseGrant, leaseKeepAlive } = methodsOf(Lease);
    const { ID } = await channel.unary(leaseGrant, create(LeaseGrantRequestSchema, { TTL: 5n }), new Metadata(), PATIENCE_MS);
    const beat = await channel.exchange(leaseKeepAlive, create(LeaseKeepAliveRequestSchema, { ID }), new Metadata(), PATIENCE_MS);
    expect([beat.ID, beat.TTL]).toEqual([ID, 5n]);
  } finally {
    channel.destroy();
  }
});

test("a call that nobody answers ends at its deadline; the silence ends the connection", async () => {
  const proxy = await CuttingProxy.start(store.endpoint);
  const channel = new Channel(proxy.endpoint, OPTIONS);
  try {
    await channel.ready(PATIENCE_MS, never);
    proxy.silence();
    const begin = performance.now();
    await expect(channel.unary(methodsOf(KV).range, range, new Metadata(), 300)).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
    expect(performance.now() - begin).toBeLessThan(2900);
    // Keepalive: 1 s until it asks, 2 s for the answer.
    const lost = channel.unary(methodsOf(KV).range, range, new Metadata(), 10_000);
    await expect(lost).rejects.toMatchObject({ code: status.UNAVAILABLE });
    expect(performance.now() - begin).toBeLessThan(6000);
  } finally {
    channel.destroy();
    await proxy.stop();
  }
});

test("what is under way when it is closed goes on, though others close it too", async () => {
  const channel = new Channel(store.endpoint, OPTIONS);
  try {
    await channel.ready(PATIENCE_MS, never);
    const stream = channel.stream(methodsOf(Watch).watch, new Metadata());
    const answers = stream[Symbol.asyncIterator]();
    const ask = async (request: MessageInitShape<typeof WatchRequestSchema>["requestUnion"]) => {
      stream.write(create(WatchRequestSchema, { requestUnion: request }));
      return (await answers.next()).value;
    };
    const { watchId, created } = await ask({ case: "createRequest", value: { key: Buffer.from("k") } });
    expect(created).toBe(true);
    channel.close();
    channel.close();
    expect(await ask({ case: "cancelRequest", value: { watchId } })).toMatchObject({ canceled: true });
    stream.cancel();
  } finally {
    channel.destroy();
  }
});

test("an answer that takes longer than a keepalive comes, though the channel has been closed meanwhile", async () => {
  const channel = new Channel(store.endpoint, { ...OPTIONS, keepaliveMs: 200 });
  try {
    await channel.ready(PATIENCE_MS, never);
    const { watch } = methodsOf(Watch);
    const stream = channel.stream(watch, new Metadata(), 1500);
    channel.close();
    // Its own deadline, and nothing else.
    await expect(stream[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
  } finally {
    channel.destroy();
  }
});

test("waiting for a connection ends with the signal; a closed one takes no calls", async () => {
  const proxy = await CuttingProxy.start(store.endpoint);
  proxy.silence();
  const channel = new Channel(proxy.endpoint, OPTIONS);
  try {
    const abort = new AbortController();
    const ready = channel.ready(10_000, abort.signal);
    abort.abort();
    await expect(ready).rejects.toThrow("closed");
    channel.close();
    const error = await channel.unary(methodsOf(KV).range, range, new Metadata(), 300).catch((error: unknown) => error);
    expect(isAway(error)).toBe(true);
    await expect(channel.ready(300, never)).rejects.toThrow("closed");
  } finally {
    channel.destroy();
    await proxy.stop();
  }
});
