// Random requests to a store, few keys and close revisions so that they meet, as fast-check makes and shrinks them; and the answers in a form in
// which two stores' can be compared. Revisions are relative, since stores begin at different ones.

import { create } from "@bufbuild/protobuf";
import type { Call } from "../../../../host/store/embedded/call.ts";
import type { KeyValue } from "../../../../host/store/generated/kv_pb.js";
import * as rpc from "../../../../host/store/generated/rpc_pb.js";
import fc from "../../../oracle/property.ts";
import { bytes, callOf, text } from "./asking.ts";
import type { Kv } from "./naive.ts";

/** The store's revision before the first command, and now: a command is about those between. */
export interface Frame {
  base: bigint;
  now: bigint;
}
export type Command = (frame: Frame) => Call;

const KEYS = ["a", "aa", "ab", "b", "b\xff", "c"];
const ENDS = ["", "b", "c", "c\0"];
/** Leases that may be granted; the last never is. */
const LEASES = [1001n, 1002n, 1003n];

const key = fc.constantFrom(...KEYS).map(bytes);
const rangeEnd = (...more: string[]) => fc.constantFrom(...ENDS, ...more).map(bytes);
const value = fc.constantFrom("", "1", "2", "33").map(bytes);
/** How far back from now; below 0 lies the future. */
const back = fc.integer({ min: -1, max: 12 });
const maybeBack = fc.option(back, { nil: null, freq: 2 });
const revisionAt = ({ base, now }: Frame, steps: number | null) => {
  if (steps === null) return 0n;
  const revision = now - BigInt(steps);
  return revision < base ? base : revision;
};

const NO_BOUNDS: (number | null)[] = [null, null, null, null];
const range = fc
  .record({
    key,
    rangeEnd: rangeEnd("\0"),
    limit: fc.integer({ min: 0, max: 3 }).map(BigInt),
    back: maybeBack,
    order: fc.constantFrom<[number, number]>([0, 0], [0, 0], [0, 0], [0, 0], [1, 0], [2, 0], [1, 1], [2, 2], [1, 3], [2, 4], [1, 4]),
    keysOnly: fc.boolean(),
    countOnly: fc.boolean(),
    bounds: fc.oneof(
      { weight: 3, arbitrary: fc.constant(NO_BOUNDS) },
      { weight: 1, arbitrary: fc.array(maybeBack, { minLength: 4, maxLength: 4 }) },
    ),
  })
  .map(({ back: steps, order: [sortOrder, sortTarget], bounds, ...rest }) => (frame: Frame) => {
    const [minModRevision, maxModRevision, minCreateRevision, maxCreateRevision] = bounds.map((bound) => revisionAt(frame, bound));
    const limits = { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision };
    return create(rpc.RangeRequestSchema, { ...rest, revision: revisionAt(frame, steps), sortOrder, sortTarget, ...limits });
  });

const put = fc
  .record({
    key,
    value,
    lease: fc.constantFrom(0n, 0n, 0n, ...LEASES),
    prevKv: fc.boolean(),
    ignore: fc.constantFrom("", "", "", "value", "lease"),
  })
  .map(({ ignore, ...rest }) =>
    create(rpc.PutRequestSchema, {
      ...rest,
      ...(ignore === "value" && { ignoreValue: true, value: bytes("") }),
      ...(ignore === "lease" && { ignoreLease: true, lease: 0n }),
    }),
  );

/** In a transaction, etcd itself does not see that a deletion "to the end" meets a put. */
const remove = (...ends: string[]) =>
  fc.record({ key, rangeEnd: rangeEnd(...ends), prevKv: fc.boolean() }).map((request) => create(rpc.DeleteRangeRequestSchema, request));

const compare = fc
  .record({
    key,
    rangeEnd: rangeEnd("\0"),
    result: fc.integer({ min: 0, max: 3 }),
    target: fc.integer({ min: 0, max: 4 }),
    value,
    number: fc.integer({ min: 0, max: 3 }).map(BigInt),
    back,
    lease: fc.constantFrom(0n, ...LEASES),
  })
  .map(({ value: given, number, back: steps, lease, ...rest }) => (frame: Frame) => {
    const revision = revisionAt(frame, steps);
    const targetUnion = [
      { case: "version" as const, value: number },
      { case: "createRevision" as const, value: revision },
      { case: "modRevision" as const, value: revision },
      { case: "value" as const, value: given },
      { case: "lease" as const, value: lease },
    ][rest.target];
    return create(rpc.CompareSchema, { ...rest, targetUnion });
  });

type Operation = (frame: Frame) => rpc.RequestOp;
const operationOf = (request: rpc.RequestOp["request"]) => create(rpc.RequestOpSchema, { request });
const simple: fc.Arbitrary<Operation> = fc.oneof(
  range.map((make) => (frame: Frame) => operationOf({ case: "requestRange", value: make(frame) })),
  put.map((made) => () => operationOf({ case: "requestPut", value: made })),
  remove().map((made) => () => operationOf({ case: "requestDeleteRange", value: made })),
);

function transaction(operations: fc.Arbitrary<Operation[]>) {
  return fc
    .record({ compare: fc.array(compare, { maxLength: 2 }), success: operations, failure: operations })
    .map((parts) => (frame: Frame) => {
      const done = { compare: parts.compare.map((make) => make(frame)), success: parts.success.map((make) => make(frame)) };
      return create(rpc.TxnRequestSchema, { ...done, failure: parts.failure.map((make) => make(frame)) });
    });
}

const flat = fc.array(simple, { maxLength: 3 });
const nested = transaction(flat).map((make) => (frame: Frame) => operationOf({ case: "requestTxn", value: make(frame) }));
/** One inner transaction at most: of two, etcd sees less of what meets than the engine. */
const deep = fc.tuple(flat, fc.option(nested, { freq: 2 })).map(([list, inner]) => (inner ? [...list, inner] : list));

export const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: put.map((request) => () => ({ method: "put" as const, request })) },
  { weight: 2, arbitrary: remove("\0").map((request) => () => ({ method: "deleteRange" as const, request })) },
  { weight: 4, arbitrary: range.map((make) => (frame: Frame) => ({ method: "range" as const, request: make(frame) })) },
  { weight: 4, arbitrary: transaction(deep).map((make) => (frame: Frame) => ({ method: "txn" as const, request: make(frame) })) },
  {
    weight: 1,
    arbitrary: back.map((steps) => (frame: Frame) => callOf("compact", { revision: revisionAt(frame, steps), physical: true })),
  },
  { weight: 1, arbitrary: fc.constantFrom(...LEASES.slice(0, 2)).map((ID) => () => callOf("leaseGrant", { ID, TTL: 600n })) },
  { weight: 1, arbitrary: fc.constantFrom(...LEASES).map((ID) => () => callOf("leaseRevoke", { ID })) },
  { weight: 1, arbitrary: fc.constantFrom(...LEASES).map((ID) => () => callOf("leaseTimeToLive", { ID, keys: true })) },
);

const kvOf = ({ key: name, value: held, createRevision, modRevision, version, lease }: KeyValue, base: bigint): Kv => ({
  key: text(name),
  value: text(held),
  create: Number(createRevision - base),
  mod: Number(modRevision - base),
  version: Number(version),
  lease,
});

type Answer = rpc.RangeResponse | rpc.PutResponse | rpc.DeleteRangeResponse | rpc.TxnResponse | rpc.LeaseTimeToLiveResponse;

/** What an answer says, its revisions counted from `base`. */
export function plain(answer: { $typeName: string }, base: bigint): unknown {
  const message = answer as Answer;
  const kv = (one: KeyValue | undefined) => (one ? kvOf(one, base) : null);
  switch (message.$typeName) {
    case "etcdserverpb.RangeResponse":
      return { kvs: message.kvs.map(kv), count: Number(message.count), more: message.more };
    case "etcdserverpb.PutResponse":
      return { prev: kv(message.prevKv) };
    case "etcdserverpb.DeleteRangeResponse":
      return { deleted: Number(message.deleted), prev: message.prevKvs.map(kv) };
    case "etcdserverpb.TxnResponse":
      return { succeeded: message.succeeded, responses: message.responses.map(({ response }) => plain(response.value as Answer, base)) };
    case "etcdserverpb.LeaseTimeToLiveResponse":
      return { keys: message.keys.map(text).sort() };
    default:
      return {};
  }
}
