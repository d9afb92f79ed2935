// One who watches through a backend, and notes what it is told.

import { create } from "@bufbuild/protobuf";
import type { Backend } from "../../../../host/store/backend.ts";
import { type WatchRequest, WatchRequestSchema, type WatchResponse } from "../../../../host/store/generated/rpc_pb.js";

/** Every key, as a range. */
const ALL = { key: Buffer.from([0]), rangeEnd: Buffer.from([0]) };

export class Follower {
  /** "revision key" of each event. */
  readonly told: string[] = [];
  readonly responses: WatchResponse[] = [];
  /** Awaited after each response. */
  pause: () => Promise<unknown> = async () => {};
  readonly ended: Promise<void>;
  readonly #abort = new AbortController();

  constructor(backend: Backend, startRevision = 0n) {
    this.ended = this.#listen(backend, startRevision);
    this.ended.catch(() => {});
  }

  async *#ask(startRevision: bigint): AsyncGenerator<WatchRequest> {
    yield create(WatchRequestSchema, { requestUnion: { case: "createRequest", value: { ...ALL, startRevision, fragment: true } } });
    await new Promise((resolve) => this.#abort.signal.addEventListener("abort", resolve));
  }

  async #listen(backend: Backend, startRevision: bigint): Promise<void> {
    for await (const response of backend.watch(this.#ask(startRevision), this.#abort.signal)) {
      this.responses.push(response);
      for (const { kv } of response.events) this.told.push(`${kv?.modRevision} ${Buffer.from(kv?.key ?? "").toString()}`);
      await this.pause();
    }
  }

  get isMade(): boolean {
    return this.responses.some(({ created }) => created);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.ended;
  }
}
