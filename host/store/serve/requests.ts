// How much of a guest's requests is kept at a time. gRPC gathers a message until it is whole, and a call of one message until its end, for as long as
// that takes; so what comes is counted as it comes, by connection, and a stream's messages, of which several are kept, have to be small. Main thread.

import type { ServerHttp2Stream } from "node:http2";
import type { ServerInterceptingCall, ServerInterceptor } from "@grpc/grpc-js";
import type { Guests } from "./guests.ts";

/** What a call costs of which nothing has come. */
const CALL_BYTES = 2048;
/** A watch, or a sign of life, is some hundred; of each stream grpc-js keeps up to seventeen. */
export const STREAM_REQUEST_BYTES_MAX = 4096;
/** A flag, and the length of what follows ("Length-Prefixed-Message" of gRPC over HTTP/2). */
const HEAD_BYTES = 5;

/** To be the first of a server's interceptors. */
export function countRequests(guests: Guests): ServerInterceptor {
  return ({ requestStream }, call) => {
    const peer = call.getPeer();
    // grpc-js shows a message when it is whole, and nothing before; this is what it reads from.
    const { stream } = call as unknown as { stream: ServerHttp2Stream };
    let held = 0;
    const hold = (bytes: number) => {
      held += bytes;
      guests.hold(peer, bytes);
    };
    hold(CALL_BYTES);
    stream.once("close", () => hold(-held));
    const lengths = new Lengths();
    stream.on("data", (chunk: Buffer) => {
      if (!requestStream) hold(chunk.length);
      else if (lengths.longest(chunk) > STREAM_REQUEST_BYTES_MAX) guests.cut(peer);
    });
    return call as ServerInterceptingCall;
  };
}

/** Of the messages of a stream, each as soon as it begins. */
export class Lengths {
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #headBytes = 0;
  /** Of the message that has begun. */
  #missing = 0;

  /** Of those that begin here; 0 when none does. */
  longest(chunk: Buffer): number {
    let longest = 0;
    for (let at = 0; at < chunk.length; ) {
      const inside = Math.min(this.#missing, chunk.length - at);
      this.#missing -= inside;
      at += inside;
      if (at === chunk.length) break;
      this.#head[this.#headBytes++] = chunk[at++];
      if (this.#headBytes < HEAD_BYTES) continue;
      this.#headBytes = 0;
      this.#missing = this.#head.readUInt32BE(1);
      longest = Math.max(longest, this.#missing);
    }
    return longest;
  }
}
