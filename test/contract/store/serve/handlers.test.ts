// What gRPC callers see: who is let in, how failures come across, and streams that end as they should.

import { create, type DescService } from "@bufbuild/protobuf";
import {
  Client,
  type ClientDuplexStream,
  credentials,
  type MethodDefinition,
  ServerCredentials,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failure } from "../../../../host/store/backend.ts";
import {
  KV,
  Lease,
  LeaseGrantRequestSchema,
  type LeaseKeepAliveRequest,
  LeaseKeepAliveRequestSchema,
  type LeaseKeepAliveResponse,
  Maintenance,
  PutRequestSchema,
  RangeRequestSchema,
  SnapshotRequestSchema,
  Watch,
  WatchRequestSchema,
} from "../../../../host/store/generated/rpc_pb.js";
import { methodsOf } from "../../../../host/store/grpc.ts";
import type { Call } from "../../../../host/store/serve/handlers.ts";
import { type Served, serveBackend } from "../../../../host/store/serve.ts";
import { EmbeddedServer } from "../embedded-subject.ts";

let store: EmbeddedServer;
let served: Served;
let client: Client;
const seen: string[] = [];
/** What the next call is refused with. */
let refusal: Error | null = null;
/** The backend answers no range. */
let stuck = false;
/** Why, if it knows. */
let trouble: string | null = null;

beforeAll(async () => {
  store = await EmbeddedServer.start();
  const backendFor = (call: Call) => {
    seen.push(`${call.getPath()} ${call.metadata.get("who")[0] ?? ""}`.trim());
    if (refusal) throw refusal;
    return stuck
      ? Object.create(store.backend, {
          range: { value: () => new Promise<never>(() => {}) },
          trouble: { value: () => trouble },
        })
      : store.backend;
  };
  served = await serveBackend({ host: "127.0.0.1", port: 0, credentials: ServerCredentials.createInsecure(), backendFor });
  client = new Client(`127.0.0.1:${served.port}`, credentials.createInsecure());
});

afterAll(async () => {
  client?.close();
  await served?.close();
  await store?.stop();
});

function unary<Request, Answer>(
  { path, requestSerialize, responseDeserialize }: MethodDefinition<Request, Answer>,
  request: Request,
  deadlineMs = Number.POSITIVE_INFINITY,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, { deadline: Date.now() + deadlineMs }, (error, answer) =>
      error ? reject(error) : resolve(answer as Answer),
    );
  });
}

function stream<Request, Answer>({
  path,
  requestSerialize,
  responseDeserialize,
}: MethodDefinition<Request, Answer>): ClientDuplexStream<Request, Answer> {
  return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
}

const ended = (call: ClientDuplexStream<never, never>) => new Promise<ServiceError>((resolve) => call.once("error", resolve));
const of = <Service extends DescService>(service: Service) => methodsOf(service);

describe("calls", () => {
  test("each is judged, and a refusal keeps its code and words", async () => {
    refusal = failure("permissionDenied");
    const { put } = of(KV);
    await expect(unary(put, create(PutRequestSchema, { key: Buffer.from("a") }))).rejects.toMatchObject({
      code: 7,
      details: "etcdserver: permission denied",
    });
    const watch = stream(of(Watch).watch);
    expect(await ended(watch as never)).toMatchObject({ code: 7, details: "etcdserver: permission denied" });
    refusal = new Error("not meant\nto be");
    await expect(unary(put, create(PutRequestSchema, {}))).rejects.toMatchObject({ code: 13, details: "not meant; to be" });
    refusal = null;
    await expect(unary(put, create(PutRequestSchema, {}))).rejects.toMatchObject({ code: 3, details: "etcdserver: key is not provided" });
    expect(seen.slice(0, 2)).toEqual(["/etcdserverpb.KV/Put", "/etcdserverpb.Watch/Watch"]);
  });

  test("those that there are not are said to be not there", async () => {
    const unknown = { ...of(KV).range, path: "/etcdserverpb.KV/Nothing" };
    await expect(unary(unknown, create(RangeRequestSchema))).rejects.toMatchObject({ code: 12 });
    const { snapshot } = of(Maintenance);
    const call = client.makeServerStreamRequest(
      snapshot.path,
      snapshot.requestSerialize,
      snapshot.responseDeserialize,
      create(SnapshotRequestSchema),
    );
    expect(await ended(call as never)).toMatchObject({ code: 12 });
  });

  test("what is too large is refused: a request in etcd's words, a message before it is read", async () => {
    const { put } = of(KV);
    const sized = (mebibytes: number) => create(PutRequestSchema, { key: Buffer.from("a"), value: new Uint8Array(mebibytes * 1024 ** 2) });
    await expect(unary(put, sized(2))).rejects.toMatchObject({ code: 3, details: "etcdserver: request is too large" });
    await expect(unary(put, sized(5))).rejects.toMatchObject({ code: 8 });
    expect((await unary(put, sized(1))).header?.revision).toBeGreaterThan(1n);
  });
});

describe("streams", () => {
  test("leases are kept beat by beat, and the stream ends when its caller has ended", async () => {
    const { leaseGrant, leaseKeepAlive } = of(Lease);
    const { ID } = await unary(leaseGrant, create(LeaseGrantRequestSchema, { TTL: 30n }));
    const call = stream<LeaseKeepAliveRequest, LeaseKeepAliveResponse>(leaseKeepAlive);
    const beats: [bigint, bigint][] = [];
    for (const lease of [ID, ID, 12345n]) call.write(create(LeaseKeepAliveRequestSchema, { ID: lease }));
    call.end();
    for await (const answer of call as AsyncIterable<LeaseKeepAliveResponse>) beats.push([answer.ID, answer.TTL]);
    expect(beats).toEqual([
      [ID, 30n],
      [ID, 30n],
      [12345n, 0n],
    ]);
  });

  test("a caller that goes away in the middle leaves nothing behind", async () => {
    const { watch } = of(Watch);
    for (let n = 0; n < 20; n++) {
      const call = stream(watch);
      call.on("error", () => {});
      call.write(create(WatchRequestSchema, { requestUnion: { case: "createRequest", value: { key: Buffer.from("a") } } }));
      await new Promise((resolve) => call.once("data", resolve));
      call.cancel();
    }
    const { put } = of(KV);
    await unary(put, create(PutRequestSchema, { key: Buffer.from("a") }));
  });
});

test("a backend that does not answer is told of before the caller gives up", async () => {
  stuck = true;
  try {
    const error = await unary(methodsOf(KV).range, create(RangeRequestSchema, { key: Buffer.from("k") }), 1000).catch((error) => error);
    expect([error.code, error.details]).toEqual([status.UNAVAILABLE, "the store behind it does not answer"]);
    trouble = "no etcd answers";
    const other = await unary(methodsOf(KV).range, create(RangeRequestSchema, { key: Buffer.from("k") }), 1000).catch((error) => error);
    expect([other.code, other.details]).toEqual([status.UNAVAILABLE, "no etcd answers"]);
  } finally {
    stuck = false;
  }
});
