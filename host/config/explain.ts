// What zod found wrong, as sentences for the person who wrote the file. Pure.

import type { z } from "zod";
import { quote } from "./kinds.ts";
import type { Issue } from "./place.ts";
import { nearest } from "./suggest.ts";

const EXPECTED: Record<string, string> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a map of keys",
  array: "a list",
};

const MISSING = "is required";

/** The error map for a parse: the message of an issue that its schema gave none. */
export const explain: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? MISSING : `expected ${EXPECTED[issue.expected] ?? issue.expected}, got ${quote(issue.input)}`;
    case "invalid_value":
      return issue.input === undefined ? MISSING : `expected ${issue.values.map(String).join(" or ")}, got ${quote(issue.input)}`;
    case "too_big":
      return Array.isArray(issue.input)
        ? `has ${issue.input.length} entries; at most ${issue.maximum} fit`
        : `${String(issue.input)} is more than ${issue.maximum}`;
    case "too_small":
      return `${String(issue.input)} is less than ${issue.minimum}`;
    default:
      return undefined;
  }
};

/** Issues with their paths; an unknown key becomes one of its own, with the nearest known one. */
export function issuesOf(error: z.ZodError, keysAt: (path: readonly PropertyKey[]) => readonly string[]): Issue[] {
  return error.issues.flatMap((issue): Issue[] => {
    const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
    if (issue.code !== "unrecognized_keys") return [{ path, message: issue.message, missing: issue.message === MISSING }];
    const known = keysAt(path);
    return issue.keys.map((name) => ({ path: [...path, name], message: unknownKey(name, known), key: true }));
  });
}

function unknownKey(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  return meant === null ? `unknown key (known here: ${known.join(", ")})` : `unknown key (did you mean ${meant}?)`;
}
