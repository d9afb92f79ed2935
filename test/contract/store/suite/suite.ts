// The contract of the store: one suite, run against everything that serves etcd's API (and against etcd itself, who is right).

import { describe } from "vitest";
import { disturbedTests } from "./disturbed.ts";
import { keyTests } from "./keys.ts";
import { leaseTests } from "./leases.ts";
import { limitTests } from "./limits.ts";
import { lossTests } from "./loss.ts";
import type { Subject } from "./subject.ts";
import { transactionTests } from "./transactions.ts";
import { watchTests } from "./watches.ts";
import { worldOf } from "./world.ts";

export function storeSuite(subject: Subject): void {
  describe(subject.name, () => {
    const world = worldOf(subject);
    describe("keys", () => keyTests(world));
    describe("transactions", () => transactionTests(world));
    describe("watches", () => watchTests(world));
    describe("leases", () => leaseTests(world));
    describe("limits", () => limitTests(world));
    // The last: it may leave a server gone.
    describe("disturbed", () => disturbedTests(world));
  });
}

/** What losses of connections do to watches: the client's business, so one server of a kind is enough. */
export function lossSuite(subject: Subject): void {
  describe(subject.name, () => lossTests(worldOf(subject)));
}
