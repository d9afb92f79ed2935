// The main thread's end of a worker's event ring (assembly/ring/event.ts is the other): what the core has told. The views are made once, for a
// burst of learned addresses is read event by event.

import * as abi from "../../assembly/abi/index.ts";
import { workerBlock } from "./layout.ts";

export interface CoreEvent {
  kind: number;
  network: number;
  mac: number;
  index: number;
  /** A copy, 16 bytes; empty in an event that has none (all but EVENT_LEARN_ADDRESS). */
  address: Uint8Array;
}

const NO_ADDRESS = new Uint8Array(0);

export class EventRing {
  /** The block's first words, where head and tail are. */
  readonly #state: Int32Array<ArrayBufferLike>;
  readonly #words: Uint32Array<ArrayBufferLike>;
  readonly #bytes: Uint8Array<ArrayBufferLike>;

  constructor(memory: WebAssembly.Memory, worker: number) {
    const block = workerBlock(memory, worker);
    const bytes = abi.EVENTS_MAX * abi.EVENT_BYTES;
    this.#state = new Int32Array(memory.buffer, block, abi.W_STATS / 4);
    this.#words = new Uint32Array(memory.buffer, block + abi.W_EVENTS, bytes / 4);
    this.#bytes = new Uint8Array(memory.buffer, block + abi.W_EVENTS, bytes);
  }

  /** Takes the events told so far; one that the caller has not asked for stays in the ring. */
  *take(): Generator<CoreEvent> {
    let tail = this.#state[abi.W_EVENT_TAIL / 4];
    const head = Atomics.load(this.#state, abi.W_EVENT_HEAD / 4);
    while (tail !== head) {
      const event = this.#read((tail & (abi.EVENTS_MAX - 1)) * abi.EVENT_BYTES);
      tail = (tail + 1) | 0;
      Atomics.store(this.#state, abi.W_EVENT_TAIL / 4, tail);
      yield event;
    }
  }

  #read(at: number): CoreEvent {
    const word = at / 4;
    const kind = this.#words[word + abi.E_KIND / 4];
    const address = at + abi.E_ADDRESS;
    return {
      kind,
      network: this.#words[word + abi.E_NETWORK / 4],
      mac: (this.#words[word + abi.E_MAC / 4 + 1] & 0xffff) * 2 ** 32 + this.#words[word + abi.E_MAC / 4],
      index: this.#words[word + abi.E_INDEX / 4],
      address: kind === abi.EVENT_LEARN_ADDRESS ? this.#bytes.slice(address, address + 16) : NO_ADDRESS,
    };
  }
}
