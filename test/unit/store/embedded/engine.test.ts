// The engine against etcd's data model done the obvious way, with random requests; groups, and what is told to watchers.

import { describe, expect, test } from "vitest";
import type { Call } from "../../../../host/store/embedded/call.ts";
import { checkPut, checkTxn } from "../../../../host/store/embedded/check.ts";
import { type Engine, HISTORY_REVISIONS, HISTORY_SLACK_REVISIONS } from "../../../../host/store/embedded/engine.ts";
import { checkRange } from "../../../../host/store/embedded/range.ts";
import { Refused } from "../../../../host/store/embedded/refused.ts";
import type { Event } from "../../../../host/store/generated/kv_pb.js";
import fc from "../../../oracle/property.ts";
import { ask, bytes, callOf, engineOf, list, put, text } from "./asking.ts";
import { command, plain } from "./commands.ts";
import { Naive } from "./naive.ts";

/** What the naive one says to a call: an answer, or a refusal's name. Requests that are wrong by themselves are check.test.ts's. */
function naively(naive: Naive, { method, request }: Call): unknown {
  try {
    if (method === "put") checkPut(request);
    if (method === "range") checkRange(request);
    if (method === "txn") checkTxn(request);
  } catch (error) {
    if (error instanceof Refused) return error.which;
    throw error;
  }
  return naive.change((): unknown => {
    if (method === "range") return naive.range(request);
    if (method === "put") return naive.put(request);
    if (method === "deleteRange") return naive.deleteRange(request);
    if (method === "txn") return naive.txn(request);
    if (method === "compact") return naive.compact(Number(request.revision));
    if (method === "leaseGrant") return naive.grant(request.ID);
    if (method === "leaseRevoke") return naive.revoke(request.ID);
    if (method === "leaseTimeToLive") return { keys: naive.keysOf(request.ID).map(({ key }) => key) };
    throw new Error(method);
  });
}

const eventOf = ({ type, kv, prevKv }: Event) => ({
  key: text(kv?.key ?? bytes("")),
  kv: type === 1 ? null : kv && (plain({ $typeName: "etcdserverpb.PutResponse", prevKv: kv } as never, 0n) as { prev: unknown }).prev,
  before: prevKv ? (plain({ $typeName: "etcdserverpb.PutResponse", prevKv } as never, 0n) as { prev: unknown }).prev : null,
});

/** What watchers are told of every revision is what the naive one has seen happen. */
function expectHistory(engine: Engine, naive: Naive): void {
  const commits = engine.takeCommits();
  expect(commits.map(({ revision, events }) => [Number(revision), events.map(eventOf)])).toEqual([...naive.events]);
  const history = (from: number, prevKv: boolean) => engine.history({ kind: "rest", from: bytes("\0") }, BigInt(from), prevKv, 1e6, 1e9);
  const since = (from: number) => [...naive.events].filter(([revision]) => revision >= from).flatMap(([, all]) => all);
  const { events, next } = history(naive.compacted + 1, true);
  expect(events.map(eventOf)).toEqual(since(naive.compacted + 1));
  // Of the revision compacted to, all that is lost is what was before.
  const inclusive = history(naive.compacted, false).events.map(eventOf);
  expect(inclusive).toEqual(since(naive.compacted).map((event) => ({ ...event, before: null })));
  expect(Number(next)).toBe(naive.revision + 1);
}

describe("against the obvious", () => {
  test("random requests get the same answers, and watchers the same events", () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60, size: "max" }), (commands) => {
        const { engine } = engineOf();
        const naive = new Naive();
        try {
          for (const make of commands) {
            const call = make({ base: 1n, now: engine.revision });
            const [outcome] = engine.run([call]);
            const got = "answer" in outcome ? plain(outcome.answer, 0n) : "refused" in outcome ? outcome.refused : outcome.failed;
            expect(got, call.method).toEqual(naively(naive, call));
            expect(Number(engine.revision)).toBe(naive.revision);
          }
          expectHistory(engine, naive);
        } finally {
          engine.close();
        }
      }),
      { numRuns: 200 },
    );
  });

  test("the same in groups: each has its revision, and one that is refused does the others no harm", () => {
    fc.assert(
      fc.property(fc.array(fc.array(command, { maxLength: 8 }), { maxLength: 8, size: "max" }), (groups) => {
        const { engine } = engineOf();
        const naive = new Naive();
        try {
          for (const group of groups) {
            const calls = group.map((make) => make({ base: 1n, now: engine.revision }));
            const outcomes = engine.run(calls);
            const got = outcomes.map((outcome) => ("answer" in outcome ? plain(outcome.answer, 0n) : Object.values(outcome)[0]));
            expect(got).toEqual(calls.map((call) => naively(naive, call)));
          }
          expectHistory(engine, naive);
        } finally {
          engine.close();
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("groups", () => {
  test("what cannot be committed has not happened, and all are told so", () => {
    const { engine } = engineOf({ fileBytesMax: 1e9 });
    put(engine, "a", "1");
    engine.takeCommits();
    // Stands for a disk that fails half-way: no request can make the database fail.
    engine.keys.delete = () => {
      throw new Error("disk I/O error");
    };
    const outcomes = engine.run([
      callOf("put", { key: bytes("a"), value: bytes("2") }),
      callOf("leaseGrant", { ID: 7n, TTL: 10n }),
      callOf("deleteRange", { key: bytes("a") }),
    ]);
    expect(outcomes).toEqual([{ failed: "disk I/O error" }, { failed: "disk I/O error" }, { failed: "disk I/O error" }]);
    expect([list(engine), engine.revision, engine.takeCommits(), engine.leases.has(7n)]).toEqual([["a=1"], 2n, [], false]);
    expect(put(engine, "b")).toBe(3n);
  });

  test("a full store puts nothing more, but deletes and answers", () => {
    const { engine } = engineOf({ fileBytesMax: 256 * 1024 });
    const value = "x".repeat(64 * 1024);
    expect(() => {
      for (let n = 0; n < 10; n++) put(engine, `k${n}`, value);
    }).toThrow("noSpace");
    expect(() => ask(engine, "leaseGrant", { TTL: 10n })).toThrow("noSpace");
    expect(ask(engine, "status", {}).errors).toEqual(["NOSPACE"]);
    ask(engine, "deleteRange", { key: bytes("\0"), rangeEnd: bytes("\0") });
    expect(put(engine, "a", value)).toBe(engine.revision);
  });

  test("a store that is full of history forgets it, and goes on", () => {
    const { engine } = engineOf({ fileBytesMax: 1024 ** 2 });
    const value = "x".repeat(64 * 1024);
    for (let n = 0; n < 100; n++) put(engine, `k${n % 3}`, value);
    expect([engine.revision, list(engine).length]).toEqual([101n, 3]);
    expect(engine.compacted).toBeGreaterThan(50n);
    expect(engine.size().used).toBeLessThan(2n * 1024n ** 2n);
  });

  test("history is cut by itself, and what is left is whole", () => {
    const { engine } = engineOf();
    const last = Number(HISTORY_REVISIONS + HISTORY_SLACK_REVISIONS) + 10;
    const puts = Array.from({ length: last }, (_, n) => callOf("put", { key: bytes(`k${n % 7}`), value: bytes(`${n}`) }));
    for (let n = 0; n < last; n += 500) engine.run(puts.slice(n, n + 500));
    engine.takeCommits();
    expect(engine.compacted).toBeGreaterThan(0n);
    expect(engine.revision - engine.compacted).toBeLessThanOrEqual(HISTORY_REVISIONS + HISTORY_SLACK_REVISIONS);
    expect(list(engine, { revision: engine.compacted }).length).toBe(7);
    expect(() => list(engine, { revision: engine.compacted - 1n })).toThrow("compacted");
    const { events } = engine.history({ kind: "rest", from: bytes("\0") }, engine.compacted, false, 1e6, 1e9);
    expect(events.length).toBe(Number(engine.revision - engine.compacted) + 1);
    expect(() => engine.history({ kind: "rest", from: bytes("\0") }, engine.compacted - 1n, false, 10, 10)).toThrow("compacted");
  });
});

describe("time", () => {
  test("a lease's end deletes its keys in one revision", () => {
    const { engine, clock } = engineOf();
    ask(engine, "leaseGrant", { ID: 1n, TTL: 4n });
    ask(engine, "leaseGrant", { ID: 2n, TTL: 5n });
    put(engine, "a", "", 1n);
    put(engine, "b", "", 1n);
    put(engine, "c", "", 2n);
    engine.takeCommits();
    clock.ms = 3_999;
    engine.expire();
    expect(engine.takeCommits()).toEqual([]);
    clock.ms = 4_000;
    engine.expire();
    expect(engine.takeCommits().map(({ events }) => events.map(({ kv }) => text(kv?.key ?? bytes(""))))).toEqual([["a", "b"]]);
    engine.extendLeases(2_000);
    clock.ms = 6_999;
    engine.expire();
    expect(list(engine)).toEqual(["c="]);
    clock.ms = 7_000;
    engine.expire();
    expect(list(engine)).toEqual([]);
  });
});
