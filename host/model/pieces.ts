// Long lists done a piece at a time, so that a main thread that also answers probes and keeps leases gets to them in between.

/** Members of a list: about a millisecond of reading or writing records. */
export const PIECE = 500;
/** How deep lists and maps are looked into: an answer's networks are its third level, what is in a network the fifth. */
const LEVELS = 6;
const TEXT_CHARACTERS = 65_536;

/** Lets everything else that is due go first. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** `map`, with a breath between pieces; a list of one piece is done at once. */
export async function mapInPieces<T, Result>(items: readonly T[], one: (item: T) => Result): Promise<Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < items.length; from += PIECE) {
    if (from > 0) await breathe();
    for (const item of items.slice(from, from + PIECE)) results.push(one(item));
  }
  return results;
}

/** `JSON.stringify`, with a breath now and then. */
export async function stringifyInPieces(value: unknown): Promise<string> {
  const texts: string[] = [];
  for (const text of jsonPieces(value)) {
    if (texts.length > 0) await breathe();
    texts.push(text);
  }
  return texts.join("");
}

/** What JSON.stringify gives, in pieces of some length. */
export function* jsonPieces(value: unknown): Iterable<string> {
  let texts: string[] = [];
  let characters = 0;
  for (const text of written(value, LEVELS)) {
    texts.push(text);
    characters += text.length;
    if (characters < TEXT_CHARACTERS) continue;
    yield texts.join("");
    texts = [];
    characters = 0;
  }
  if (texts.length > 0) yield texts.join("");
}

function* written(value: unknown, levels: number): Iterable<string> {
  if (typeof value !== "object" || value === null || levels === 0) {
    yield JSON.stringify(value) ?? "null";
    return;
  }
  const isList = Array.isArray(value);
  const members: [string, unknown][] = isList
    ? value.map((member) => ["", member])
    : Object.entries(value).flatMap(([key, member]) => (member === undefined ? [] : [[`${JSON.stringify(key)}:`, member]]));
  yield isList ? "[" : "{";
  if (members.length > PIECE) {
    for (let from = 0; from < members.length; from += PIECE) {
      const texts = members.slice(from, from + PIECE).map(([key, member]) => key + (JSON.stringify(member) ?? "null"));
      yield (from > 0 ? "," : "") + texts.join(",");
    }
  } else {
    for (const [at, [key, member]] of members.entries()) {
      yield at > 0 ? `,${key}` : key;
      yield* written(member, levels - 1);
    }
  }
  yield isList ? "]" : "}";
}
