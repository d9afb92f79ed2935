// The engine and a real etcd, asked the same at random: the same answers, and the same refusals in the same words.

import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Backend, failure, GrpcFailure } from "../../../host/store/backend.ts";
import type { Call } from "../../../host/store/embedded/call.ts";
import { Engine } from "../../../host/store/embedded/engine.ts";
import { EtcdBackend } from "../../../host/store/etcd/backend.ts";
import {
  DeleteRangeRequestSchema,
  LeaseLeasesRequestSchema,
  LeaseRevokeRequestSchema,
  PutRequestSchema,
} from "../../../host/store/generated/rpc_pb.js";
import { Etcd } from "../../../lab/etcd.ts";
import fc from "../../oracle/property.ts";
import { command, plain } from "../../unit/store/embedded/commands.ts";
import { NO_ETCD } from "./etcd-subject.ts";

const ZERO = new Uint8Array(1);
const MARK = create(PutRequestSchema, { key: Buffer.from("zz") });

/** Empties it; its revision afterwards, up to which nothing is compacted away. */
async function emptied(backend: Backend): Promise<bigint> {
  const { leases } = await backend.leaseLeases(create(LeaseLeasesRequestSchema));
  for (const { ID } of leases) await backend.leaseRevoke(create(LeaseRevokeRequestSchema, { ID }));
  await backend.deleteRange(create(DeleteRangeRequestSchema, { key: ZERO, rangeEnd: ZERO }));
  return (await backend.put(MARK)).header?.revision ?? 0n;
}

interface Reply {
  revision: bigint;
  said: unknown;
}

async function ofEtcd(backend: Backend, call: Call, base: bigint): Promise<Reply | { said: string }> {
  try {
    const answer = await (backend[call.method] as (request: unknown) => Promise<{ $typeName: string; header?: { revision: bigint } }>)(
      call.request,
    );
    return { revision: (answer.header?.revision ?? 0n) - base, said: plain(answer, base) };
  } catch (error) {
    if (!(error instanceof GrpcFailure)) throw error;
    return { said: error.message };
  }
}

function ofEngine(engine: Engine, call: Call, base: bigint): Reply | { said: string } {
  const [outcome] = engine.run([call]);
  if ("answer" in outcome) return { revision: (outcome.answer.header?.revision ?? 0n) - base, said: plain(outcome.answer, base) };
  return { said: "refused" in outcome ? failure(outcome.refused).message : outcome.failed };
}

describe.skipIf(NO_ETCD)("engine and etcd", () => {
  let etcd: Etcd;
  let backend: EtcdBackend;

  beforeAll(async () => {
    etcd = await Etcd.start();
    backend = new EtcdBackend({ endpoints: etcd.endpoints, tls: null });
  });

  afterAll(async () => {
    await backend?.close();
    await etcd?.stop();
  });

  test("random requests are answered alike", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 60, size: "max" }), async (commands) => {
        const engine = new Engine({ file: ":memory:", nowMs: () => 0 });
        try {
          engine.run([{ method: "put", request: MARK }]);
          const bases = { engine: engine.revision, etcd: await emptied(backend) };
          for (const make of commands) {
            const now = engine.revision;
            const call = make({ base: bases.engine, now });
            const same = make({ base: bases.etcd, now: now - bases.engine + bases.etcd });
            expect(ofEngine(engine, call, bases.engine), call.method).toEqual(await ofEtcd(backend, same, bases.etcd));
          }
        } finally {
          engine.close();
        }
      }),
      { numRuns: 40 },
    );
  });
});
