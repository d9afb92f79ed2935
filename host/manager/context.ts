// What an operation is done with, and the ways in which all of them read the store. Managers hold no state that matters: several may work on one
// store, each may end at any moment, and nothing but the compares of a transaction keeps them apart. Main thread.

import type { Answer } from "../model/cluster/answers.ts";
import type { Checked, ManagerOperation } from "../model/cluster/operations.ts";
import type { Role } from "../model/cluster/records.ts";
import type { Compare, Entry, Store } from "../model/cluster/store.ts";
import { OperationError } from "../model/errors.ts";
import { mapInPieces } from "../model/pieces.ts";
import type { AddressView } from "./address-view.ts";
import type { RestLease } from "./rest-lease.ts";
import type { Turns } from "./turns.ts";

/** Who asks, by its certificate. */
export interface Caller {
  nodeId: string;
  role: Role;
}

export interface Context {
  store: Store;
  /** Milliseconds since 1970. */
  now: () => number;
  random: (bytes: number) => Uint8Array;
  /** The whole join token for a role's secret. */
  tokenText: (role: Role, secret: string) => string | Promise<string>;
  addresses: AddressView;
  rest: RestLease;
  /** Operations on the pools take turns within this manager: they would only lose to each other. */
  poolTurns: Turns;
}

export type Handler<Name extends ManagerOperation> = (context: Context, caller: Caller, input: Checked<Name>) => Promise<Answer<Name>>;

/** A record as it was read. */
export interface Stored<Record> {
  key: string;
  record: Record;
  /** As it is in the store, with what this version does not know. */
  json: string;
  modRevision: number;
}

export function stored<Record>({ key, value, modRevision }: Entry): Stored<Record> {
  return { key, record: JSON.parse(value) as Record, json: value, modRevision };
}

export async function read<Record>(store: Store, key: string): Promise<Stored<Record> | null> {
  const entry = await store.get(key);
  return entry && stored<Record>(entry);
}

export async function readAll<Record>(store: Store, prefix: string): Promise<Stored<Record>[]> {
  const { entries } = await store.list(prefix);
  return mapInPieces(entries, stored<Record>);
}

/** That the record is as it was read. */
export function unchanged({ key, modRevision }: { key: string; modRevision: number }): Compare {
  return { key, modRevision };
}

/** That a counter (POOLS_KEY, MEMBERS_KEY) is as it was read. */
export function sameCounter(key: string, counter: Entry | null): Compare {
  return counter ? unchanged(counter) : { key, is: "absent" };
}

export function nextCount(counter: Entry | null): string {
  return String(Number(counter?.value ?? 0) + 1);
}

export const isoTime = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** Lost races in a row, before an operation gives up. */
export const CONFLICTS_MAX = 24;

/** Does `attempt` until it answers other than null, which means that the state had changed since it was read. */
export async function untilDone<T>(what: string, attempt: (tries: number) => Promise<T | null>): Promise<T> {
  for (let tries = 0; tries < CONFLICTS_MAX; tries++) {
    const answer = await attempt(tries);
    if (answer !== null) return answer;
  }
  throw new OperationError(`${what}: the state was changed by others ${CONFLICTS_MAX} times in a row: nothing was done, try again`);
}
