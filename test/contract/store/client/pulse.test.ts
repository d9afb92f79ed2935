// A watch stream is asked for a sign of life, and left without one, though its connection is well.

import { create } from "@bufbuild/protobuf";
import { Metadata, ServerCredentials, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Backend } from "../../../../host/store/backend.ts";
import { Channel } from "../../../../host/store/client/channel.ts";
import { MANAGER } from "../../../../host/store/client/identity.ts";
import { Pulse } from "../../../../host/store/client/pulse.ts";
import { Watch, WatchRequestSchema, type WatchResponse } from "../../../../host/store/generated/rpc_pb.js";
import { methodsOf } from "../../../../host/store/grpc.ts";
import { EmbeddedServer } from "../embedded-subject.ts";
import { serve } from "./servers.ts";

const PROGRESS_MS = 50;
const SILENCE_MS = 2000;
const request = create(WatchRequestSchema, { requestUnion: { case: "createRequest", value: { key: Buffer.from("k") } } });
let store: EmbeddedServer;

beforeAll(async () => {
  store = await EmbeddedServer.start();
});
afterAll(() => store.stop());

/** Watches until `enough` responses have come; gives them. */
async function listen(endpoint: string, enough: number): Promise<{ heard: WatchResponse[]; silent: boolean; error: unknown }> {
  const channel = new Channel(endpoint, { tls: null, identity: MANAGER, keepaliveMs: 3000 });
  const stream = channel.stream(methodsOf(Watch).watch, new Metadata());
  const pulse = new Pulse(stream, PROGRESS_MS, SILENCE_MS);
  const heard: WatchResponse[] = [];
  let error: unknown = null;
  try {
    stream.write(request);
    pulse.wait();
    for await (const response of stream as AsyncIterable<WatchResponse>) {
      pulse.rest();
      heard.push(response);
      if (heard.length === enough) break;
      pulse.wait();
    }
  } catch (thrown) {
    error = thrown;
  } finally {
    pulse.rest();
    channel.destroy();
  }
  return { heard, silent: pulse.isSilent, error };
}

test("a store that has nothing to tell says so when asked", async () => {
  const { heard, silent } = await listen(store.endpoint, 5);
  expect([heard.map(({ created }) => created), silent]).toEqual([[true, false, false, false, false], false]);
});

test("one that does not answer is left, though its connection is well", async () => {
  const stuck: Partial<Backend> = {
    async *watch(requests, signal) {
      const first = store.backend.watch(requests, signal)[Symbol.asyncIterator]();
      yield (await first.next()).value;
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    },
  };
  const { endpoint, stop } = await serve(store, ServerCredentials.createInsecure(), { backendFor: () => stuck as Backend });
  try {
    const { heard, silent, error } = await listen(endpoint, 5);
    expect([heard.length, silent, error]).toEqual([1, true, expect.objectContaining({ code: status.CANCELLED })]);
  } finally {
    await stop();
  }
});
