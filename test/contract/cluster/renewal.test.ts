// A certificate is renewed under a member that works: who watches, writes and keeps a lease notices nothing.

import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { certifiedKeyHash } from "../../../host/cluster/certificate.ts";
import { askRenewal } from "../../../host/cluster/join.ts";
import { startRenewal } from "../../../host/cluster/renewal.ts";
import { aliveKey, reportKey } from "../../../host/model/cluster/keys.ts";
import { eventually } from "../../../lab/wait.ts";
import { Ground, type Manager, type Member } from "./manager.ts";

const RENEWALS = 5;
/** As often as a worker may write for long (host/store/allowance.ts). */
const WRITE_MS = 50;
/** A new connection and its handshake, on a machine that is busy. */
const PAUSE_MS_MAX = 2000;

const ground = new Ground();
let manager: Manager;
let member: Member;
beforeAll(async () => {
  manager = await ground.manager();
  member = await ground.member(manager);
});
afterAll(() => ground.close());

/** A report that is told from others. */
const said = (incarnation: number) => JSON.stringify({ version: "test", incarnation, underlayMtu: 1500, routes: [] });

test("nothing pauses for a second, and nothing is lost", async () => {
  const { identity, store, node } = member;
  const key = reportKey(node.id);
  let away = 0;
  const seen: { at: number; value: string }[] = [];
  store.watch(key, {
    onSnapshot: () => {},
    onEvents: (events) => {
      for (const event of events) if (event.type === "put") seen.push({ at: performance.now(), value: event.entry.value });
    },
    onConnection: (connected) => {
      if (!connected) away++;
    },
  });
  const lease = await store.grantLease(4);
  await store.commit([], [{ put: aliveKey(node.id), value: JSON.stringify({ incarnation: 1 }), lease: lease.id }]);
  let writing = true;
  const written = (async () => {
    let count = 0;
    for (; writing; count++) {
      await store.commit([], [{ put: key, value: said(count) }]);
      await Promise.all([store.keepLease(lease.id), delay(WRITE_MS)]);
    }
    return count;
  })();
  const serials = new Set<string>();
  identity.onChange(() => {
    serials.add(identity.tls().certPem);
    store.refresh();
  });
  // The schedule's clock is moved to where each certificate is due.
  let now = Date.now();
  const looks: (() => void)[] = [];
  const renewal = startRenewal({
    facts: () => identity.facts(),
    renew: () => identity.renew((request) => askRenewal(identity, () => [manager.address], request)),
    onFailure: (error) => {
      throw error;
    },
    clock: {
      now: () => now,
      after: (_, run) => {
        looks.push(run);
        return () => {};
      },
    },
    random: () => 0.5,
  });
  for (let count = 1; count <= RENEWALS; count++) {
    const { notBefore, notAfter } = identity.facts();
    now = notBefore + (notAfter - notBefore) * 0.7;
    looks.splice(0).at(-1)?.();
    await eventually("a new certificate", () => serials.size === count);
    await delay(200);
  }
  renewal.stop();
  writing = false;
  const count = await written;
  await eventually("the last write", () => seen.at(-1)?.value === said(count - 1));
  expect(seen.map(({ value }) => value)).toEqual(Array.from({ length: seen.length }, (_, at) => said(count - seen.length + at)));
  const gaps = seen.slice(1).map(({ at }, before) => at - seen[before].at);
  expect(Math.max(...gaps)).toBeLessThan(PAUSE_MS_MAX);
  expect(away).toBe(0);
  expect([...serials].map(certifiedKeyHash)).toEqual(Array(RENEWALS).fill(certifiedKeyHash(identity.tls().certPem)));
});
