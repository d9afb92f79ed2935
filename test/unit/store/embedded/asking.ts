// An engine in memory, and asking it: what the tests of its parts share.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Call, Methods } from "../../../../host/store/embedded/call.ts";
import { Engine, type EngineOptions } from "../../../../host/store/embedded/engine.ts";
import * as rpc from "../../../../host/store/generated/rpc_pb.js";

const SCHEMAS = {
  range: rpc.RangeRequestSchema,
  put: rpc.PutRequestSchema,
  deleteRange: rpc.DeleteRangeRequestSchema,
  txn: rpc.TxnRequestSchema,
  compact: rpc.CompactionRequestSchema,
  leaseGrant: rpc.LeaseGrantRequestSchema,
  leaseRevoke: rpc.LeaseRevokeRequestSchema,
  leaseKeepAlive: rpc.LeaseKeepAliveRequestSchema,
  leaseTimeToLive: rpc.LeaseTimeToLiveRequestSchema,
  leaseLeases: rpc.LeaseLeasesRequestSchema,
  status: rpc.StatusRequestSchema,
};

export const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");
export const text = (value: Uint8Array): string => Buffer.from(value).toString("latin1");

/** One whose clock is `clock.ms`. */
export function engineOf(options: Partial<EngineOptions> = {}): { engine: Engine; clock: { ms: number } } {
  const clock = { ms: 0 };
  const engine = new Engine({ file: ":memory:", nowMs: () => clock.ms, ...options });
  return { engine, clock };
}

export function callOf<M extends keyof Methods>(method: M, request: MessageInitShape<(typeof SCHEMAS)[M]>): Call {
  return { method, request: create(SCHEMAS[method], request as never) } as Call;
}

/** The answer; throws what it was refused with, as the name that host/store/backend.ts has for it. */
export function ask<M extends keyof Methods>(engine: Engine, method: M, request: MessageInitShape<(typeof SCHEMAS)[M]>): Methods[M][1] {
  const [outcome] = engine.run([callOf(method, request)]);
  if ("answer" in outcome) return outcome.answer as Methods[M][1];
  throw new Error("refused" in outcome ? outcome.refused : outcome.failed);
}

export function put(engine: Engine, key: string, value = "", lease = 0n): bigint {
  return ask(engine, "put", { key: bytes(key), value: bytes(value), lease }).header?.revision ?? 0n;
}

/** "key=value" of all keys, or of a range, by key. */
export function list(engine: Engine, request: MessageInitShape<typeof rpc.RangeRequestSchema> = {}): string[] {
  const everything = { key: bytes("\0"), rangeEnd: bytes("\0") };
  return ask(engine, "range", { ...everything, ...request }).kvs.map(({ key, value }) => `${text(key)}=${text(value)}`);
}
