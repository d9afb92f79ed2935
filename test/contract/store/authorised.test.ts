// Every cell of the tables of host/store/rights.ts, tried by a worker and by a manager against a running front over the embedded store.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Metadata, type MethodDefinition } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aliveKey, ROOT, reportKey, tokenKey } from "../../../host/model/cluster/keys.ts";
import { Channel } from "../../../host/store/client/channel.ts";
import { MANAGER } from "../../../host/store/client/identity.ts";
import { detailsOf } from "../../../host/store/client/reasons.ts";
import {
  Cluster,
  CompactionRequestSchema,
  DeleteRangeRequestSchema,
  KV,
  Lease,
  LeaseGrantRequestSchema,
  LeaseKeepAliveRequestSchema,
  LeaseLeasesRequestSchema,
  LeaseRevokeRequestSchema,
  LeaseTimeToLiveRequestSchema,
  Maintenance,
  MemberListRequestSchema,
  PutRequestSchema,
  RangeRequestSchema,
  StatusRequestSchema,
  TxnRequestSchema,
  Watch,
  WatchRequestSchema,
} from "../../../host/store/generated/rpc_pb.js";
import { methodsOf } from "../../../host/store/grpc.ts";
import { CALL_RIGHTS, KEY_RIGHTS } from "../../../host/store/rights.ts";
import { Ground, type Manager, type Member } from "../cluster/manager.ts";

const DEADLINE_MS = 5000;
const ground = new Ground();
let manager: Manager;
let worker: Member;
let other: Member;
const channels = new Map<"worker" | "manager", Channel>();

beforeAll(async () => {
  manager = await ground.manager();
  [worker, other] = [await ground.member(manager), await ground.member(manager)];
  for (const [role, { identity }] of [
    ["worker", worker],
    ["manager", manager],
  ] as const) {
    const channel = new Channel(manager.address, { tls: identity.tls(), identity: MANAGER, keepaliveMs: 10_000 });
    channels.set(role, channel);
    await channel.ready(DEADLINE_MS, AbortSignal.timeout(DEADLINE_MS));
  }
});
afterAll(async () => {
  for (const channel of channels.values()) channel.destroy();
  await ground.close();
});

type Role = "worker" | "manager";
const bytes = (text: string) => Buffer.from(text);
const end = (prefix: string) => prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);

/** "done", or the refusal; anything else fails the test. */
async function attempt<Request, Answer>(role: Role, method: MethodDefinition<Request, Answer>, request: Request): Promise<string> {
  const channel = channels.get(role) as Channel;
  try {
    if (method.requestStream) await channel.exchange(method, request, new Metadata(), DEADLINE_MS);
    else await channel.unary(method, request, new Metadata(), DEADLINE_MS);
    return "done";
  } catch (error) {
    const text = detailsOf(error);
    return / may not /.test(text) ? "refused" : text;
  }
}

const kv = methodsOf(KV);
const reading = {
  range: (role: Role, key: string, rangeEnd: string) =>
    attempt(role, kv.range, create(RangeRequestSchema, { key: bytes(key), rangeEnd: bytes(rangeEnd), limit: 100n })),
  "range in a transaction": (role: Role, key: string, rangeEnd: string) =>
    attempt(
      role,
      kv.txn,
      create(TxnRequestSchema, { success: [{ request: { case: "requestRange", value: { key: bytes(key), rangeEnd: bytes(rangeEnd) } } }] }),
    ),
  compare: (role: Role, key: string, rangeEnd: string) =>
    attempt(
      role,
      kv.txn,
      create(TxnRequestSchema, { compare: [{ key: bytes(key), rangeEnd: bytes(rangeEnd), targetUnion: { case: "version", value: 0n } }] }),
    ),
  watch: (role: Role, key: string, rangeEnd: string) =>
    attempt(
      role,
      methodsOf(Watch).watch,
      create(WatchRequestSchema, { requestUnion: { case: "createRequest", value: { key: bytes(key), rangeEnd: bytes(rangeEnd) } } }),
    ),
};
const RECORD = JSON.stringify({ version: "1", incarnation: 1, underlayMtu: 1500, routes: [] });
const put = (key: string): MessageInitShape<typeof PutRequestSchema> => ({ key: bytes(key), value: bytes(RECORD) });
const writing = {
  put: (role: Role, key: string) => attempt(role, kv.put, create(PutRequestSchema, put(key))),
  delete: (role: Role, key: string) => attempt(role, kv.deleteRange, create(DeleteRangeRequestSchema, { key: bytes(key) })),
  "put in a transaction": (role: Role, key: string) =>
    attempt(role, kv.txn, create(TxnRequestSchema, { failure: [{ request: { case: "requestPut", value: put(key) } }] })),
  "delete in a transaction in one": (role: Role, key: string) =>
    attempt(
      role,
      kv.txn,
      create(TxnRequestSchema, {
        compare: [{ key: bytes(aliveKey("nobody")), targetUnion: { case: "version", value: 7n } }],
        success: [
          {
            request: { case: "requestTxn", value: { success: [{ request: { case: "requestDeleteRange", value: { key: bytes(key) } } }] } },
          },
        ],
      }),
    ),
};

const rows = [...KEY_RIGHTS, { keys: `${ROOT}anything-else/`, one: false, read: "none" as const, write: "none" as const, why: "" }];

describe.each(rows)("$keys", ({ keys, one, read, write }) => {
  /** A key of this kind that is of no importance to the cluster. */
  const some = one ? keys : `${keys}0test`;
  const allowed = (whose: string, own: boolean) => (whose === "all" || (whose === "own" && own) ? "done" : "refused");

  test.each(Object.entries(reading))("%s", async (how, ask) => {
    expect(await ask("worker", some, "")).toBe(allowed(read, false));
    expect(await ask("manager", some, "")).toBe("done");
    if (one) return;
    const isByItself = how === "range" || how === "watch";
    expect(await ask("worker", keys, end(keys))).toBe(isByItself ? allowed(read, false) : "refused");
    expect(await ask("manager", keys, end(keys))).toBe("done");
  });

  test.each(Object.entries(writing))("%s", async (_, ask) => {
    expect(await ask("worker", some)).toBe(allowed(write, false));
    if (!one) expect(await ask("worker", keys + other.node.id)).toBe(allowed(write, false));
    if (!one) expect(await ask("worker", keys + worker.node.id)).toBe(allowed(write, true));
    // What makes the cluster one is left as it is.
    if (!one) expect(await ask("manager", some)).toBe("done");
  });
});

test("a worker's range over several kinds is refused, also where it may read each", async () => {
  for (const [from, to] of [
    [ROOT, end(ROOT)],
    ["\0", "\0"],
    [ROOT, "\0"],
    [`${ROOT}alive/`, `${ROOT}node0`],
    [tokenKey("worker"), ""],
  ]) {
    for (const ask of Object.values(reading)) {
      expect([from, to, await ask("worker", from, to)]).toEqual([from, to, "refused"]);
      expect([from, to, await ask("manager", from, to)]).toEqual([from, to, "done"]);
    }
  }
});

describe("leases", () => {
  const lease = methodsOf(Lease);
  const onLease: [string, keyof typeof CALL_RIGHTS, (role: Role, ID: bigint) => Promise<string>][] = [
    ["keep", "leaseKeepAlive", (role, ID) => attempt(role, lease.leaseKeepAlive, create(LeaseKeepAliveRequestSchema, { ID }))],
    [
      "ask for",
      "leaseTimeToLive",
      (role, ID) => attempt(role, lease.leaseTimeToLive, create(LeaseTimeToLiveRequestSchema, { ID, keys: true })),
    ],
    [
      "put on",
      "leaseGrant",
      (role, ID) => attempt(role, kv.put, create(PutRequestSchema, { ...put(reportKey(worker.node.id)), lease: ID })),
    ],
    ["revoke", "leaseRevoke", (role, ID) => attempt(role, lease.leaseRevoke, create(LeaseRevokeRequestSchema, { ID }))],
  ];

  test.each(onLease)("a worker may %s its own, and nobody else's", async (_, call, ask) => {
    expect(CALL_RIGHTS[call].may).toBe("own");
    const own = BigInt((await worker.store.grantLease(60)).id);
    const others = BigInt((await other.store.grantLease(60)).id);
    const managers = BigInt((await manager.store.grantLease(60)).id);
    expect([await ask("worker", others), await ask("worker", managers), await ask("worker", own)]).toEqual(["refused", "refused", "done"]);
    expect([await ask("manager", others), await ask("manager", managers)]).toEqual(["done", "done"]);
  });

  test("a worker may not choose the id, nor have it for long", async () => {
    const grant = (role: Role, ID: bigint, TTL: bigint) => attempt(role, lease.leaseGrant, create(LeaseGrantRequestSchema, { ID, TTL }));
    expect([await grant("worker", 77n, 60n), await grant("manager", 77n, 60n)]).toEqual(["refused", "done"]);
    expect(await grant("worker", 0n, 3601n)).toMatch(/too large lease TTL/);
    expect([await grant("worker", 0n, 60n), await grant("manager", 0n, 36_000n)]).toEqual(["done", "done"]);
  });

  test("past eight, a worker's oldest lease ends", async () => {
    const ids: string[] = [];
    for (let n = 0; n < 9; n++) ids.push((await worker.store.grantLease(600)).id);
    await expect(worker.store.keepLease(ids[0])).rejects.toMatchObject({ failure: "not-found" });
    for (const id of ids.slice(1)) expect(await worker.store.keepLease(id)).toBe(600);
  });
});

test.each<[keyof typeof CALL_RIGHTS, (role: Role) => Promise<string>]>([
  ["leaseLeases", (role) => attempt(role, methodsOf(Lease).leaseLeases, create(LeaseLeasesRequestSchema))],
  ["compact", (role) => attempt(role, kv.compact, create(CompactionRequestSchema, { revision: 1n }))],
  ["status", (role) => attempt(role, methodsOf(Maintenance).status, create(StatusRequestSchema))],
  ["memberList", (role) => attempt(role, methodsOf(Cluster).memberList, create(MemberListRequestSchema))],
])("%s", async (call, ask) => {
  expect(await ask("worker")).toBe(CALL_RIGHTS[call].may === "all" ? "done" : "refused");
  expect(await ask("manager")).toBe("done");
});

test.each(["{oops", "null", "", JSON.stringify({ underlayMtu: 1500, routes: 7 })])(
  "a worker may not write %j of itself: others read the records of all",
  async (value) => {
    for (const key of [reportKey(worker.node.id), aliveKey(worker.node.id)])
      expect(await attempt("worker", kv.put, create(PutRequestSchema, { key: bytes(key), value: bytes(value) }))).toBe("refused");
  },
);

describe("what a worker asks for has an end", () => {
  const all = { key: bytes(`${ROOT}report/`), rangeEnd: bytes(`${ROOT}report0`) };
  const range = (role: Role, more: MessageInitShape<typeof RangeRequestSchema>) =>
    attempt(role, kv.range, create(RangeRequestSchema, { ...all, ...more }));

  test("a range is a page", async () => {
    for (const more of [{}, { limit: 10_001n }, { limit: 10n, sortOrder: 1 }, { limit: 10n, minModRevision: 1n }]) {
      expect(await range("worker", more)).toBe("refused");
      expect(await range("manager", more)).toBe("done");
    }
    expect([await range("worker", { limit: 10_000n }), await range("worker", { countOnly: true })]).toEqual(["done", "done"]);
  });

  test("a transaction has few operations, counted at all levels", async () => {
    const one = { request: { case: "requestRange" as const, value: { key: bytes(`${ROOT}cluster`) } } };
    const inner = (n: number) => ({ request: { case: "requestTxn" as const, value: { failure: Array(n).fill(one) } } });
    const txn = (role: Role, n: number) => attempt(role, kv.txn, create(TxnRequestSchema, { success: [inner(n), inner(7)] }));
    expect([await txn("worker", 7), await txn("worker", 8), await txn("manager", 8)]).toEqual(["done", "refused", "done"]);
  });

  test("a stream has few watches", async () => {
    const channel = channels.get("worker") as Channel;
    const create1 = () => create(WatchRequestSchema, { requestUnion: { case: "createRequest", value: { key: bytes(`${ROOT}cluster`) } } });
    const stream = channel.stream(methodsOf(Watch).watch, new Metadata());
    const ended = new Promise<string>((resolve) => stream.on("error", (error) => resolve(detailsOf(error))));
    stream.resume();
    for (let n = 0; n < 3; n++) stream.write(create1());
    expect(await ended).toMatch(/may not have more watches on one stream/);
  });
});
