// What a person may have meant by a name that nobody has: the nearest of those that there are. Pure.

const LETTERS_A_SLIP = 3;
const COMPARED_MAX = 10_000;

/** `; did you mean …?` for a refusal, or nothing when no name is near. */
export function didYouMean(given: string, names: readonly string[]): string {
  const near = nearest(given, names);
  return near === null ? "" : `; did you mean ${near}?`;
}

/** One that begins so, or that a slip in every three letters makes of it. */
export function nearest(given: string, names: readonly string[]): string | null {
  let best: string | null = null;
  let least = Math.floor(given.length / LETTERS_A_SLIP) + 1;
  for (const name of names.slice(0, COMPARED_MAX)) {
    if (Math.abs(name.length - given.length) >= least) continue;
    const slips = distance(given.toLowerCase(), name.toLowerCase());
    if (slips < least) [best, least] = [name, slips];
  }
  return best ?? (given.length > 1 ? (names.find((name) => name.startsWith(given)) ?? null) : null);
}

/** Letters to add, leave out or change (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[other.length];
}
