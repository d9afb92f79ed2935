// Whether a watch stream still lives: while somebody waits on it, it is asked for a sign of life now and then, and cancelled when none comes. That
// catches what gRPC's own keepalive cannot: a server whose connection is well and who is not. Main thread.

import { create } from "@bufbuild/protobuf";
import { type WatchRequest, WatchRequestSchema } from "../generated/rpc_pb.js";

/** Between questions, and how long without an answer is too long. */
const PROGRESS_MS = 3000;
const SILENCE_MS = 10_000;

interface Stream {
  write(request: WatchRequest): unknown;
  cancel(): void;
}

export class Pulse {
  /** It was this that cancelled the stream. */
  isSilent = false;
  readonly #stream: Stream;
  readonly #progressMs: number;
  readonly #silenceMs: number;
  #asking: NodeJS.Timeout | undefined;
  #silence: NodeJS.Timeout | undefined;

  constructor(stream: Stream, progressMs = PROGRESS_MS, silenceMs = SILENCE_MS) {
    this.#stream = stream;
    this.#progressMs = progressMs;
    this.#silenceMs = silenceMs;
  }

  /** From now on something is expected. */
  wait(): void {
    this.#asking = setInterval(() => {
      this.#stream.write(create(WatchRequestSchema, { requestUnion: { case: "progressRequest", value: {} } }));
    }, this.#progressMs);
    this.#silence = setTimeout(() => {
      this.isSilent = true;
      this.#stream.cancel();
    }, this.#silenceMs);
  }

  /** Something came, or nothing is expected any more. */
  rest(): void {
    clearInterval(this.#asking);
    clearTimeout(this.#silence);
  }
}
