// What the suite's tests share: one running subject, and for each test a prefix, a client and a backend of its own.

import { afterAll, afterEach, beforeAll } from "vitest";
import type { Backend } from "../../../../host/store/backend.ts";
import type { ClusterClient } from "../../../../host/store/client/store.ts";
import { clientOf, type Running, type Subject } from "./subject.ts";

export interface Here {
  running: Running;
  /** Nobody else's keys begin so. */
  prefix: string;
  store: ClusterClient;
  backend: Backend;
  /** Another client, closed when the test ends. */
  client(through?: readonly string[]): ClusterClient;
  /** Called when the test ends, the last one first. */
  cleanUp(call: () => Promise<void> | void): void;
}

export interface World {
  here(): Here;
}

/** Starts the subject before and stops it after the tests of the describe block that it is called in. */
export function worldOf(subject: Subject): World {
  let running: Running;
  let tests = 0;
  let cleanUps: (() => Promise<void> | void)[] = [];
  beforeAll(async () => {
    running = await subject.start();
  }, 60_000);
  afterEach(async () => {
    const calls = cleanUps.reverse();
    cleanUps = [];
    for (const call of calls) await call();
  });
  afterAll(async () => running?.stop());
  return {
    here() {
      const cleanUp = (call: () => Promise<void> | void) => cleanUps.push(call);
      const client = (through?: readonly string[]) => {
        const made = clientOf(running, through);
        cleanUp(() => made.close());
        return made;
      };
      const backend = running.backend();
      cleanUp(() => backend.close());
      return { running, prefix: `/weft/v1/test/${++tests}/`, store: client(), backend, client, cleanUp };
    },
  };
}

/** Calls `run` for every item, `width` at a time. */
export async function inParallel<Item>(width: number, items: readonly Item[], run: (item: Item) => Promise<void>): Promise<void> {
  const left = [...items];
  const lane = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await run(item);
  };
  await Promise.all(Array.from({ length: width }, lane));
}
