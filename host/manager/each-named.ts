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
  for (const name of names) {
    try {
      found.push(await one(name));
    } catch (error) {
      if (!(error instanceof OperationError) && !(error instanceof UsageError)) throw error;
      refused.push({ name, message: messageOf(error) });
    }
  }
  return { found, refused };
}
