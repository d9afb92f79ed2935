// What a schema found wrong with an operation's input, as one line in words for the person who asked. Pure.

import type { z } from "zod";

type Issue = z.core.$ZodIssue;

/** E.g. `IPAM.Config[0].Subnet: expected string, not number`. Only the first: the rest is often its consequence. */
export function explain(issues: readonly Issue[], input: unknown): string {
  const [issue] = issues;
  const place = issue.path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? String(part) : `${text}.${String(part)}`;
  }, "");
  const words = wordsFor(issue, valueAt(input, issue.path));
  return place === "" ? words : `${place}: ${words}`;
}

function wordsFor(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case "invalid_type":
      return value === undefined ? "is missing" : `expected ${issue.expected}, not ${kindOf(value)}`;
    case "unrecognized_keys":
      return `there is no field ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}`;
    case "invalid_value":
      return `expected ${issue.values.map(String).join(" or ")}`;
    case "too_big":
      return `at most ${issue.maximum}${unit(issue.origin)}`;
    case "too_small":
      return Number(issue.minimum) === 1 && unit(issue.origin) !== "" ? "is empty" : `at least ${issue.minimum}${unit(issue.origin)}`;
    case "invalid_key":
      return `the name of an entry: ${explain(issue.issues, undefined)}`;
    default:
      return issue.message;
  }
}

function unit(origin: string): string {
  if (origin === "string") return " characters";
  return origin === "array" ? " entries" : "";
}

function kindOf(value: unknown): string {
  if (value === null) return "nothing (null)";
  return Array.isArray(value) ? "a list" : typeof value;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | null | undefined)?.[key], input);
}
