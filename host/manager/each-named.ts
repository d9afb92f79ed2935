// Several things asked for by name: those that can be done are, and the others are told, as Docker's commands do it. Main thread.

import type { Refused } from "../model/cluster/answers.ts";
import { messageOf, OperationError, UsageError } from "../model/errors.ts";

/** One after the other. What is wrong with the store itself ends it. */
export async function eachNamed<T>(
  names: readonly string[],
  one: (name: string) => Promise<T>,
): Promise<{ found: T[]; refused: Refused[] }> {
  const found: T[] = [];
  const refused: Refused[] = [];
  for await (const done of oneByOne(names, one, refused)) found.push(done);
  return { found, refused };
}

/** The same, each begun when the one before has been taken; those that cannot be done go to `refused`. */
export async function* oneByOne<T>(names: readonly string[], one: (name: string) => Promise<T>, refused: Refused[]): AsyncGenerator<T> {
  for (const name of names) {
    let done: T;
    try {
      done = await one(name);
    } catch (error) {
      if (!(error instanceof OperationError) && !(error instanceof UsageError)) throw error;
      refused.push({ name, message: messageOf(error) });
      continue;
    }
    yield done;
  }
}
