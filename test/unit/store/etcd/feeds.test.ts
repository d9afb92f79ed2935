// Who joins which watch, and when they go over to another, whatever the order in which watches are told: each hears each event once, in order. What tells
// them is a list of revisions, told in pieces of any size at any pace. (A real etcd's: test/contract/store/etcd/feeds.test.ts.)

import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { Feeds } from "../../../../host/store/etcd/feeds.ts";
import type { WatchResponse } from "../../../../host/store/generated/rpc_pb.js";
import { responseOf } from "../../../../host/store/watch/batch.ts";
import type { Wanted } from "../../../../host/store/watch/topic.ts";
import { eventually } from "../../../../lab/wait.ts";
import fc from "../../../oracle/property.ts";
import { Ear, event, header } from "../watch/events.ts";

/** Revisions before any test begins. */
const PAST = 30;

class Upstream {
  readonly revisions = Array.from({ length: PAST }, (_, n) => n + 1);
  /** Watches that have been made, and those that are. */
  made = 0;
  open = 0;
  readonly #pieces: readonly { revisions: number; turns: number }[];
  #next = 0;

  constructor(pieces: readonly { revisions: number; turns: number }[]) {
    this.#pieces = pieces;
  }

  async *watch(_: Wanted, start: bigint, signal: AbortSignal): AsyncGenerator<WatchResponse> {
    this.made++;
    this.open++;
    try {
      yield responseOf(header(0n), 0n, { created: true });
      for (let from = Number(start); !signal.aborted; ) {
        const { revisions, turns } = this.#pieces[this.#next++ % this.#pieces.length];
        for (let left = turns; left >= 0; left--) await turn();
        const piece = this.revisions.filter((revision) => revision >= from).slice(0, revisions);
        if (piece.length === 0) continue;
        from = piece[piece.length - 1] + 1;
        yield responseOf(header(0n), 0n, { events: piece.map((revision) => event(revision)) });
      }
    } finally {
      this.open--;
    }
  }

  /** A store's own watch that has been told it all knows the latest. */
  get latest(): bigint {
    return BigInt(this.revisions.at(-1) ?? 0);
  }

  since(revision: bigint): number[] {
    return this.revisions.filter((one) => one >= Number(revision));
  }
}

/** How far back one begins: also in a future that does not come. */
const FROM = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: -3, max: PAST - 1 }) }, { weight: 1, arbitrary: fc.constant(-1000) });
const piece = fc.record({ revisions: fc.integer({ min: 1, max: 6 }), turns: fc.nat(3) });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constant("write" as const), gap: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("join" as const), back: FROM }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("leave" as const), which: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant("wait" as const), turns: fc.nat(6) }) },
);

test("however watches are told, and whoever comes and goes: each event once, in order, and one watch in the end", async () => {
  let shared = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { minLength: 3, maxLength: 12 }),
      fc.array(step, { minLength: 20, maxLength: 60 }),
      async (pieces, steps) => {
        const upstream = new Upstream(pieces);
        const feeds = new Feeds({ header, latest: () => upstream.latest, open: (...args) => upstream.watch(...args) });
        const staying: { ear: Ear; from: bigint }[] = [];
        const write = (gap: number) => upstream.revisions.push((upstream.revisions.at(-1) ?? 0) + gap);
        try {
          for (const one of steps) {
            if (one.what === "write") write(one.gap);
            else if (one.what === "join") {
              const from = BigInt((upstream.revisions.at(-1) ?? 0) + 1 - one.back);
              const ear = new Ear(from);
              feeds.join(ear);
              staying.push({ ear, from });
            } else if (one.what === "leave") {
              const [gone] = staying.splice(one.which, 1);
              if (!gone) continue;
              feeds.leave(gone.ear);
              expect(gone.ear.revisions).toEqual(upstream.since(gone.from).slice(0, gone.ear.revisions.length));
            } else for (let left = one.turns; left > 0; left--) await turn();
          }
          write(4);
          await eventually("all events", () => staying.every(({ ear, from }) => ear.revisions.length >= upstream.since(from).length));
          for (const { ear, from } of staying) expect(ear.revisions).toEqual(upstream.since(from));
          await eventually("one watch", () => upstream.open === Math.min(staying.length, 1));
          if (upstream.made < staying.length) shared++;
        } finally {
          for (const { ear } of staying) feeds.leave(ear);
        }
        await eventually("no watch", () => upstream.open === 0);
      },
    ),
    { numRuns: 60, endOnFailure: true },
  );
  expect(shared, "runs in which watches were shared").toBeGreaterThan(10);
}, 60_000);

test("who begins in the past of a compaction is told so alone: those who share its watch go on by another", async () => {
  const opened: bigint[] = [];
  const compacted = 12n;
  let listening = () => {};
  const shared = new Promise<void>((resolve) => (listening = resolve));
  const feeds = new Feeds({
    header,
    latest: () => 30n,
    async *open(_, start, signal) {
      opened.push(start);
      if (start < compacted) {
        await shared;
        yield responseOf(header(30n), 0n, { canceled: true, compactRevision: compacted, cancelReason: "compacted" });
      } else {
        yield responseOf(header(30n), 0n, { events: [event(30)] });
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      }
    },
  });
  const ears = [new Ear(5n), new Ear(20n), new Ear(12n)];
  for (const ear of ears) feeds.join(ear);
  listening();
  await eventually("all to be told", () => ears[0].ended && ears[1].revisions.length > 0 && ears[2].revisions.length > 0);
  expect(ears.map(({ ended }) => ended)).toEqual([{ compactRevision: compacted, cancelReason: "compacted" }, undefined, undefined]);
  expect(opened.filter((start) => start < compacted)).toEqual([5n]);
  for (const ear of ears) feeds.leave(ear);
});
