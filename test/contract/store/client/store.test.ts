// What is asked of a manager, and in whose name; leases and refreshed certificates as the agent uses them.

import { create } from "@bufbuild/protobuf";
import { ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type ClusterClient, connectStore } from "../../../../host/store/client/store.ts";
import { Control, type DoAnswer, DoAnswerSchema, type DoRequest } from "../../../../host/store/generated/weft_pb.js";
import { methodsOf } from "../../../../host/store/grpc.ts";
import { CuttingProxy } from "../../../../lab/cutting-proxy.ts";
import { eventually } from "../../../../lab/wait.ts";
import { EmbeddedServer } from "../embedded-subject.ts";
import { Recorder } from "../suite/recorder.ts";
import { serve } from "./servers.ts";

let store: EmbeddedServer;
let manager: Awaited<ReturnType<typeof serve>>;
let proxy: CuttingProxy;
let client: ClusterClient;
/** What the manager was asked: operation, input, the cluster that the caller means. */
let asked: unknown[] = [];
let answer: (done: sendUnaryData<DoAnswer>) => void = () => {};

function control(call: ServerUnaryCall<DoRequest, DoAnswer>, done: sendUnaryData<DoAnswer>): void {
  asked.push([call.request.operation, JSON.parse(Buffer.from(call.request.inputJson).toString()), call.metadata.get("weft-cluster")]);
  answer(done);
}

const output = (value: unknown) => create(DoAnswerSchema, { outputJson: Buffer.from(JSON.stringify(value)) });

beforeAll(async () => {
  store = await EmbeddedServer.start();
  const services = [{ definition: methodsOf(Control), implementation: { do: control } }];
  manager = await serve(store, ServerCredentials.createInsecure(), { services });
  proxy = await CuttingProxy.start(manager.endpoint);
  client = connectStore({ endpoints: () => [proxy.endpoint], tls: null, clusterId: () => "c1", deadlineMs: 2000 });
});
beforeEach(() => {
  asked = [];
});
afterAll(async () => {
  client?.close();
  await proxy?.stop();
  await manager?.stop();
  await store?.stop();
});

test("an operation's input, its answer, and the cluster that is meant", async () => {
  answer = (done) => done(null, output({ unixMilliseconds: 7 }));
  expect(await client.do("cluster.time", {})).toEqual({ unixMilliseconds: 7 });
  expect(asked).toEqual([["cluster.time", {}, ["c1"]]]);
});

test.each([
  [status.FAILED_PRECONDITION, { name: "OperationError", exitCode: 1 }],
  [status.INVALID_ARGUMENT, { name: "UsageError", exitCode: 2 }],
  [status.UNAUTHENTICATED, { name: "StoreError", failure: "unauthenticated" }],
  [status.PERMISSION_DENIED, { name: "StoreError", failure: "denied" }],
])("the manager's line comes as it is: status %i", async (code, expected) => {
  answer = (done) => done({ code, details: "network blue: in use by n1" });
  await expect(client.do("network.rm", { names: ["blue"] })).rejects.toMatchObject({ ...expected, message: "network blue: in use by n1" });
});

test("a manager that is going is asked again only for what does no harm twice", async () => {
  const failOnce = () => {
    let first = true;
    answer = (done) => {
      if (first) done({ code: status.UNAVAILABLE, details: "going" });
      else done(null, output([]));
      first = false;
    };
  };
  failOnce();
  expect(await client.do("network.ls", {})).toEqual([]);
  expect(asked.length).toBe(2);
  failOnce();
  await expect(client.do("network.create", { Name: "blue" })).rejects.toMatchObject({
    name: "StoreError",
    failure: "unavailable",
    message: `manager ${proxy.endpoint}: going; whether it was done is not known`,
  });
  expect(asked.length).toBe(3);
});

test("a beat of a lease goes through a connection that is lost", async () => {
  const { id } = await client.grantLease(5);
  proxy.cutAll();
  expect(await client.keepLease(id)).toBe(5);
  await client.revokeLease(id);
});

test("refresh: a new connection, and watches go on where they were", async () => {
  const recorder = new Recorder();
  const watch = client.watch("/refresh/", recorder);
  await eventually("the stream", () => recorder.connections.at(-1));
  const before = proxy.connections;
  client.refresh();
  await client.commit([], [{ put: "/refresh/a", value: "1" }]);
  await recorder.has((await client.list("/refresh/")).entries);
  expect([recorder.snapshots.length, recorder.events.length, recorder.faults]).toEqual([1, 1, []]);
  expect(proxy.connections).toBe(before + 1);
  watch.close();
});
