// Inputs at the door: checked by host/model/cluster/operations.ts, complained of in one line that names the field. Main thread.

import { type Checked, MANAGER_OPERATIONS, type ManagerOperation } from "../model/cluster/operations.ts";
import { UsageError } from "../model/errors.ts";

interface Issue {
  code: string;
  path: PropertyKey[];
  message: string;
  keys?: string[];
}

export function isManagerOperation(name: string): name is ManagerOperation {
  return Object.hasOwn(MANAGER_OPERATIONS, name);
}

/** The input with its defaults filled in. Throws UsageError. */
export function checked<Name extends ManagerOperation>(operation: Name, input: unknown): Checked<Name> {
  const result = MANAGER_OPERATIONS[operation].safeParse(input);
  if (result.success) return result.data as Checked<Name>;
  throw new UsageError(`${operation}: ${result.error.issues.map((issue) => lineOf(issue as Issue)).join("; ")}`);
}

function lineOf({ code, path, message, keys }: Issue): string {
  if (code === "unrecognized_keys") return `unknown field ${(keys ?? []).map((key) => [...path, key].join(".")).join(", ")}`;
  const what = message.replace(/^Invalid (input|option): /, "");
  const place = path.length === 0 ? "input" : path.join(".");
  return what.endsWith("received undefined") ? `${place} is missing` : `${place}: ${what}`;
}
