// All streams of a backend: each by itself, and all ended at once. (What a stream does: stream.test.ts.)

import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { failure } from "../../../../host/store/backend.ts";
import { type WatchRequest, WatchRequestSchema } from "../../../../host/store/generated/rpc_pb.js";
import { WatchStreams } from "../../../../host/store/watch/streams.ts";
import type { Listener } from "../../../../host/store/watch/topic.ts";
import { header } from "./events.ts";

const listeners = new Set<Listener>();
const streams = new WatchStreams({
  revision: 4n,
  compacted: 0n,
  header,
  now: () => 4n,
  join: (listener) => listeners.add(listener) !== undefined,
  leave: (listener) => void listeners.delete(listener),
  told: () => 4n,
});

async function* oneWatch(signal: AbortSignal): AsyncGenerator<WatchRequest> {
  yield create(WatchRequestSchema, { requestUnion: { case: "createRequest", value: {} } });
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
}

async function open() {
  const abort = new AbortController();
  const responses = streams.watch(oneWatch(abort.signal), abort.signal);
  expect((await responses.next()).value).toMatchObject({ created: true, header: { revision: 4n } });
  return { abort, next: responses.next() };
}

test("a stream ends with its signal, the others when all are ended; no watcher stays", async () => {
  const one = await open();
  const other = await open();
  expect(listeners.size).toBe(2);
  one.abort.abort();
  expect(await one.next).toEqual({ done: true, value: undefined });
  expect(listeners.size).toBe(1);
  const ended = expect(other.next).rejects.toThrow("server stopped");
  streams.close(failure("stopped"));
  await ended;
  expect(listeners.size).toBe(0);
  other.abort.abort();
});
