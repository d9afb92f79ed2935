// One watch on etcd: its responses, until it ends or is lost. A member that falls silent is left. Main thread.

import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { GrpcFailure } from "../backend.ts";
import type { Connection } from "../client/connection.ts";
import { Pulse } from "../client/pulse.ts";
import { isAway, whyNot } from "../client/reasons.ts";
import { Watch, type WatchCreateRequest, WatchRequestSchema, type WatchResponse } from "../generated/rpc_pb.js";
import { methodsOf } from "../grpc.ts";

/** What is not taken is not read: that is the backpressure. Ends without an error only when the signal is aborted. */
export async function* watchEtcd(
  connection: Connection,
  value: WatchCreateRequest,
  signal: AbortSignal,
): AsyncGenerator<WatchResponse, void, undefined> {
  const { channel, stream } = await connection.call(
    async (channel, metadata) => {
      // A member that lost the others ends the stream, rather than to keep quiet.
      metadata.set("hasleader", "true");
      return { channel, stream: channel.stream(methodsOf(Watch).watch, metadata) };
    },
    { repeatable: true },
  );
  const cancel = () => stream.cancel();
  signal.addEventListener("abort", cancel);
  const pulse = new Pulse(stream);
  try {
    if (signal.aborted) return;
    stream.write(create(WatchRequestSchema, { requestUnion: { case: "createRequest", value } }));
    pulse.wait();
    for await (const response of stream as AsyncIterable<WatchResponse>) {
      pulse.rest();
      // Not a failure of whoever watches: the stream ends, and the next one has a new token.
      if (response.canceled && connection.refusesToken(response.cancelReason))
        throw new GrpcFailure(status.UNAVAILABLE, response.cancelReason);
      yield response;
      pulse.wait();
    }
    throw new GrpcFailure(status.UNAVAILABLE, "it ended the watch");
  } catch (error) {
    if (signal.aborted) return;
    if (!isAway(error) && !pulse.isSilent) throw error;
    connection.leave(channel);
    const why = pulse.isSilent ? "nothing was heard for too long" : whyNot(error);
    throw new GrpcFailure(status.UNAVAILABLE, `etcd ${channel.endpoint}: ${why}`, { cause: error });
  } finally {
    pulse.rest();
    signal.removeEventListener("abort", cancel);
    stream.cancel();
  }
}
