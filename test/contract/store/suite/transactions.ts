// Contract: compares, atomicity, many writers.

import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import {
  CompareSchema,
  PutRequestSchema,
  Compare_CompareResult as Result,
  Compare_CompareTarget as Target,
  TxnRequestSchema,
} from "../../../../host/store/generated/rpc_pb.js";
import { keyRange } from "./ranges.ts";
import type { World } from "./world.ts";

const bytes = (text: string) => Buffer.from(text);

export function transactionTests(world: World): void {
  test("the store's compares: absent, present, revision, value", async () => {
    const { store, prefix } = world.here();
    const key = `${prefix}k`;
    const none = `${prefix}none`;
    const { revision } = await store.commit([], [{ put: key, value: "v" }]);
    const holds = async (compare: Parameters<typeof store.commit>[0][0]) => (await store.commit([compare], [])).succeeded;
    expect([await holds({ key, is: "present" }), await holds({ key, is: "absent" })]).toEqual([true, false]);
    expect([await holds({ key: none, is: "present" }), await holds({ key: none, is: "absent" })]).toEqual([false, true]);
    expect([await holds({ key, modRevision: revision }), await holds({ key, modRevision: revision - 1 })]).toEqual([true, false]);
    expect([await holds({ key, value: "v" }), await holds({ key, value: "w" })]).toEqual([true, false]);
    expect([await holds({ key: none, value: "" }), await holds({ key: none, modRevision: 0 })]).toEqual([false, true]);
  });

  test("compares of every target and result", async () => {
    const { backend, prefix } = world.here();
    const key = bytes(`${prefix}k`);
    const put = create(PutRequestSchema, { key, value: bytes("m") });
    const created = (await backend.put(put)).header?.revision ?? 0n;
    const changed = (await backend.put(put)).header?.revision ?? 0n;
    const targets = [
      { target: Target.VERSION, case: "version", values: [1n, 2n, 3n] },
      { target: Target.CREATE, case: "createRevision", values: [created - 1n, created, created + 1n] },
      { target: Target.MOD, case: "modRevision", values: [changed - 1n, changed, changed + 1n] },
      { target: Target.VALUE, case: "value", values: [bytes("a"), bytes("m"), bytes("z")] },
      { target: Target.LEASE, case: "lease", values: [-1n, 0n, 1n] },
    ];
    /** For a value that is smaller than, equal to and larger than what is asked of. */
    const expected = new Map([
      [Result.EQUAL, [false, true, false]],
      [Result.NOT_EQUAL, [true, false, true]],
      [Result.GREATER, [true, false, false]],
      [Result.LESS, [false, false, true]],
    ]);
    for (const { target, case: name, values } of targets)
      for (const [result, holds] of expected)
        for (const [at, value] of values.entries()) {
          const compare = create(CompareSchema, { key, target, result, targetUnion: { case: name, value } as never });
          const { succeeded } = await backend.txn(create(TxnRequestSchema, { compare: [compare] }));
          expect(succeeded, `${Target[target]} ${Result[result]} ${value}`).toBe(holds[at]);
        }
  });

  test("a compare of a range holds when it holds of every key", async () => {
    const { backend, prefix } = world.here();
    for (const key of ["a", "b"]) await backend.put(create(PutRequestSchema, { key: bytes(prefix + key), value: bytes("1") }));
    const holds = async (value: string, from = prefix) => {
      const union = { case: "value" as const, value: bytes(value) };
      const range = keyRange(from);
      const compare = create(CompareSchema, { ...range, target: Target.VALUE, result: Result.EQUAL, targetUnion: union });
      return (await backend.txn(create(TxnRequestSchema, { compare: [compare] }))).succeeded;
    };
    expect(await holds("1")).toBe(true);
    await backend.put(create(PutRequestSchema, { key: bytes(`${prefix}b`), value: bytes("2") }));
    expect(await holds("1")).toBe(false);
  });

  test("all changes at one revision, or none", async () => {
    const { store, prefix } = world.here();
    await store.commit([], [{ put: `${prefix}old`, value: "" }]);
    const changes = [{ put: `${prefix}a`, value: "1" }, { put: `${prefix}b`, value: "2" }, { delete: `${prefix}old` }];
    const refused = await store.commit(
      [
        { key: `${prefix}old`, is: "present" },
        { key: `${prefix}old`, value: "x" },
      ],
      changes,
    );
    expect(refused.succeeded).toBe(false);
    expect((await store.list(prefix)).entries.map(({ key }) => key)).toEqual([`${prefix}old`]);
    const done = await store.commit([{ key: `${prefix}old`, is: "present" }], changes);
    const { entries } = await store.list(prefix);
    expect(entries.map(({ key, modRevision }) => [key, modRevision])).toEqual([
      [`${prefix}a`, done.revision],
      [`${prefix}b`, done.revision],
    ]);
  });

  test("a transaction answers each of its requests, in order, by the branch that was taken", async () => {
    const { backend, prefix } = world.here();
    const key = bytes(`${prefix}k`);
    const range = { case: "requestRange" as const, value: { key } };
    const put = (value: string) => ({ case: "requestPut" as const, value: { key, value: bytes(value), prevKv: true } });
    const txn = (request: object) => backend.txn(create(TxnRequestSchema, request));
    const first = await txn({ success: [{ request: range }, { request: put("1") }, { request: range }] });
    expect(first.responses.map(({ response }) => response.case)).toEqual(["responseRange", "responsePut", "responseRange"]);
    const seen = (at: number) => {
      const { response } = first.responses[at];
      return response.case === "responseRange" ? response.value.kvs.map(({ value }) => Buffer.from(value).toString()) : null;
    };
    expect([seen(0), seen(2)]).toEqual([[], ["1"]]);
    const compare = { key, target: Target.VALUE, result: Result.EQUAL, targetUnion: { case: "value", value: bytes("other") } };
    const other = await txn({ compare: [compare], success: [{ request: put("no") }], failure: [{ request: put("2") }] });
    expect([other.succeeded, other.responses[0].response.case]).toEqual([false, "responsePut"]);
    const inner = { compare: [{ ...compare, targetUnion: { case: "value", value: bytes("2") } }], success: [{ request: put("3") }] };
    const nested = await txn({ success: [{ request: { case: "requestTxn", value: inner } }] });
    const { response } = nested.responses[0];
    expect(response.case === "responseTxn" && response.value.succeeded).toBe(true);
    await expect(txn({ success: [{ request: put("4") }, { request: put("5") }] })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      message: "etcdserver: duplicate key given in txn request",
    });
  });

  test("a hundred increments by ten writers at once come to a hundred", async () => {
    const { client, prefix, store } = world.here();
    const key = `${prefix}counter`;
    await store.commit([], [{ put: key, value: "0" }]);
    const increment = async (writer: typeof store) => {
      for (;;) {
        const now = await writer.get(key);
        const next = { put: key, value: String(Number(now?.value) + 1) };
        if ((await writer.commit([{ key, modRevision: now?.modRevision ?? 0 }], [next])).succeeded) return;
      }
    };
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        const writer = client();
        for (let n = 0; n < 10; n++) await increment(writer);
      }),
    );
    expect(await store.get(key)).toMatchObject({ value: "100", version: 101 });
  });

  test("of many who claim a key at once, one gets it", async () => {
    const { client, prefix, store } = world.here();
    const writers = Array.from({ length: 8 }, () => client());
    for (let round = 0; round < 10; round++) {
      const key = `${prefix}${round}`;
      const answers = await Promise.all(
        writers.map(async (writer, n) => (await writer.commit([{ key, is: "absent" }], [{ put: key, value: String(n) }])).succeeded),
      );
      expect(answers.filter(Boolean).length).toBe(1);
      expect((await store.get(key))?.value).toBe(String(answers.indexOf(true)));
    }
  });
}
