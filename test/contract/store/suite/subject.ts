// What the contract suite is run against: something that serves etcd's API.

import type { Backend } from "../../../../host/store/backend.ts";
import { type ClusterClient, connectStore, type StoreClientOptions } from "../../../../host/store/client/store.ts";

export interface Subject {
  name: string;
  start(): Promise<Running>;
}

export interface Running {
  /** HOST:PORT of each server. */
  endpoints: readonly string[];
  /** How the client is told to connect, but for the endpoints. */
  client: Omit<StoreClientOptions, "endpoints">;
  /** The API below the client; closed by the suite. */
  backend(): Backend;
  /** Takes a server away, for ever or for a moment: writes must go on after it, and nothing that was done may be lost. */
  disturb?(): Promise<void>;
  stop(): Promise<void>;
}

/** For one call: some of the suite's pages have dozens of megabytes, and the machine may be busy. */
const DEADLINE_MS = 20_000;

/** A new client; `through` instead of the servers themselves. */
export function clientOf(running: Running, through: readonly string[] = running.endpoints): ClusterClient {
  return connectStore({ deadlineMs: DEADLINE_MS, ...running.client, endpoints: () => through });
}
