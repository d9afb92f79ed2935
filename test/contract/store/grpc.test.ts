// What is made of a service's descriptor for gRPC: etcd's own paths and kinds of call, messages that survive the way, and generated code that
// is of the .proto files as they are.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { Event_EventType, EventSchema } from "../../../host/store/generated/kv_pb.js";
import { Auth, KV, Lease, Maintenance, PutRequestSchema, Watch, WatchResponseSchema } from "../../../host/store/generated/rpc_pb.js";
import { Control } from "../../../host/store/generated/weft_pb.js";
import { methodsOf } from "../../../host/store/grpc.ts";
import { root } from "../../../scripts/sources.ts";

test("paths and kinds of call are etcd's", () => {
  const { deleteRange } = methodsOf(KV);
  expect([deleteRange.path, deleteRange.requestStream, deleteRange.responseStream]).toEqual(["/etcdserverpb.KV/DeleteRange", false, false]);
  const { watch } = methodsOf(Watch);
  expect([watch.path, watch.requestStream, watch.responseStream]).toEqual(["/etcdserverpb.Watch/Watch", true, true]);
  const { snapshot } = methodsOf(Maintenance);
  expect([snapshot.requestStream, snapshot.responseStream]).toEqual([false, true]);
  expect(methodsOf(Lease).leaseKeepAlive.path).toBe("/etcdserverpb.Lease/LeaseKeepAlive");
  expect(methodsOf(Auth).authenticate.path).toBe("/etcdserverpb.Auth/Authenticate");
  expect(methodsOf(Control).do.path).toBe("/weft.v1.Control/Do");
});

test("messages survive the way, 64-bit numbers and deletions too", () => {
  const { put } = methodsOf(KV);
  const request = create(PutRequestSchema, { key: Buffer.from("k"), value: Buffer.from("v"), lease: 2n ** 62n + 1n });
  expect(put.requestDeserialize(put.requestSerialize(request))).toEqual(request);
  const { watch } = methodsOf(Watch);
  const event = create(EventSchema, { type: Event_EventType.DELETE, kv: { key: Buffer.from("k"), modRevision: 7n } });
  const response = create(WatchResponseSchema, { header: { revision: 7n, clusterId: 2n ** 63n }, events: [event] });
  expect(watch.responseDeserialize(watch.responseSerialize(response))).toEqual(response);
});

test("etcd's own bytes are read: field numbers are its", () => {
  // key "a" (1), value "b" (2), lease 3 (3), prev_kv (4): by hand from etcd's rpc.proto.
  const bytes = Buffer.from([0x0a, 1, 0x61, 0x12, 1, 0x62, 0x18, 3, 0x20, 1]);
  const request = methodsOf(KV).put.requestDeserialize(bytes);
  expect([Buffer.from(request.key).toString(), Buffer.from(request.value).toString(), request.lease, request.prevKv]).toEqual([
    "a",
    "b",
    3n,
    true,
  ]);
});

test("generated code is of the .proto files as they are (npm run proto)", () => {
  const made = mkdtempSync(join(tmpdir(), "weft-proto-"));
  try {
    execFileSync(process.execPath, ["scripts/proto.ts", made], { cwd: root });
    const committed = join(root, "host/store/generated");
    expect(readdirSync(made).sort()).toEqual(readdirSync(committed).sort());
    for (const file of readdirSync(made)) expect(readFileSync(join(made, file), "utf8")).toBe(readFileSync(join(committed, file), "utf8"));
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
});
