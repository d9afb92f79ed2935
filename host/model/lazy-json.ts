// An answer that is not held as a whole: long lists in it come a batch at a time, and what follows from them is made when it is its turn. Its JSON
// is written as it comes, whoever reads it setting the pace. Main thread.

import { OperationError } from "./errors.ts";

/** Characters of a piece, at least: many small ones would be many writes. */
const PIECE_CHARACTERS = 65_536;
/** As much as a client takes in one message (host/store/client/channel.ts). */
const WHOLE_CHARACTERS_MAX = 32 * 1024 ** 2;

type Batches<Item> = AsyncIterable<readonly Item[]>;

class Long {
  readonly brackets: "[]" | "{}";
  /** One or more members each: their JSON, or an object that has such parts itself. */
  readonly parts: AsyncIterable<string | object>;

  constructor(brackets: "[]" | "{}", parts: AsyncIterable<string | object>) {
    this.brackets = brackets;
    this.parts = parts;
  }
}

/** A list whose members are plain values. */
export function lazyList(batches: Batches<unknown>): unknown {
  return new Long(
    "[]",
    joined(batches, (item) => JSON.stringify(item)),
  );
}

/** An object whose members are plain values. */
export function lazyMap(batches: Batches<readonly [key: string, value: unknown]>): unknown {
  return new Long(
    "{}",
    joined(batches, ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`),
  );
}

/** A list of objects that have such parts themselves. */
export function lazyObjects(objects: AsyncIterable<object>): unknown {
  return new Long("[]", objects);
}

/** `tree`: objects with plain values, the above, and functions, which are called when their value is to be written. */
export class LazyJson<T> {
  readonly #tree: object;

  constructor(tree: object) {
    this.#tree = tree;
  }

  /** Its JSON; can be read once. Rejects with what making it rejects with. */
  async *pieces(): AsyncGenerator<string, void> {
    let texts: string[] = [];
    let characters = 0;
    for await (const text of written(this.#tree)) {
      texts.push(text);
      characters += text.length;
      if (characters < PIECE_CHARACTERS) continue;
      yield texts.join("");
      texts = [];
      characters = 0;
    }
    yield texts.join("");
  }

  /** For who wants it whole after all; can be read once. Rejects with OperationError when it is too much for that. */
  async whole(): Promise<T> {
    const texts: string[] = [];
    let characters = 0;
    for await (const text of this.pieces()) {
      texts.push(text);
      characters += text.length;
      if (characters > WHOLE_CHARACTERS_MAX) throw new OperationError("the answer is too long to be given at once: ask for less");
    }
    return JSON.parse(texts.join("")) as T;
  }
}

async function* joined<Item>(batches: Batches<Item>, textOf: (item: Item) => string): AsyncGenerator<string> {
  for await (const batch of batches) if (batch.length > 0) yield batch.map(textOf).join(",");
}

async function* written(value: unknown): AsyncGenerator<string> {
  if (typeof value === "function") yield* written(await value());
  else if (value instanceof Long) {
    const [open, close] = value.brackets;
    yield open;
    let comma = "";
    for await (const part of value.parts) {
      yield comma;
      if (typeof part === "string") yield part;
      else yield* written(part);
      comma = ",";
    }
    yield close;
  } else if (typeof value === "object" && value !== null && !Array.isArray(value)) yield* writtenMembers(value);
  else yield JSON.stringify(value) ?? "null";
}

async function* writtenMembers(value: object): AsyncGenerator<string> {
  yield "{";
  let comma = "";
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    yield `${comma}${JSON.stringify(key)}:`;
    yield* written(member);
    comma = ",";
  }
  yield "}";
}
