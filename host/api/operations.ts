// What the agent gives the API to be asked for, and one request for an operation: its input read and checked against its schema, done, and what
// went wrong as a status. Main thread.
//
//   POST /v1/NAME                                     an operation of host/model/cluster/operations.ts
//
//   400   the input is wrong (UsageError)             409   it could not be done (OperationError)
//   403   this node may not do it                     503   no manager answers                      500   anything else

import type { LogLine } from "../model/cluster/answers.ts";
import { type Checked, LOCAL_OPERATIONS, MANAGER_OPERATIONS, type Operation } from "../model/cluster/operations.ts";
import { StoreError, type StoreFailure } from "../model/cluster/store.ts";
import { messageOf, OperationError, StartError, UsageError } from "../model/errors.ts";
import { explain } from "./explain.ts";
import { type Answer, refuse } from "./routes.ts";

export interface Operations {
  /** `gone` is aborted when nobody waits for the answer any more: what only waits (container.wait) may end. */
  do<Name extends Operation>(name: Name, input: Checked<Name>, gone: AbortSignal): Promise<unknown>;
  /** A container's log from its last `tail` lines on; with `follow` until the container ends or `gone` is aborted. */
  logs(reference: string, options: LogsOptions): AsyncIterable<LogLine>;
}

export interface LogsOptions {
  follow: boolean;
  /** null = all. */
  tail: number | null;
  gone: AbortSignal;
}

/** An agent that runs from a file has no operations. */
export const NO_CLUSTER = "this agent runs from a file (weft agent --config): it is in no cluster";

const SCHEMAS = { ...MANAGER_OPERATIONS, ...LOCAL_OPERATIONS };

/** The operation that a path asks for; null when it is none. */
export function operationOf(path: string): Operation | null {
  const name = path.slice("/v1/".length);
  return path.startsWith("/v1/") && Object.hasOwn(SCHEMAS, name) ? (name as Operation) : null;
}

/** Carries one out; `body` is the request's, as JSON. Never rejects. */
export async function perform(operations: Operations | null, name: Operation, body: string, gone: AbortSignal): Promise<Answer> {
  try {
    const input = checked(name, body);
    if (operations === null) throw new OperationError(NO_CLUSTER);
    return { status: 200, body: ((await operations.do(name, input, gone)) ?? {}) as object };
  } catch (error) {
    return refuse(statusOf(error), messageOf(error), error instanceof StartError ? error.exitCode : undefined);
  }
}

/** Throws UsageError. */
function checked(name: Operation, body: string): Checked<Operation> {
  let input: unknown;
  try {
    input = JSON.parse(body);
  } catch {
    throw new UsageError(`${name}: the request's body is not JSON`);
  }
  const { success, data, error } = SCHEMAS[name].safeParse(input);
  if (!success) throw new UsageError(`${name}: ${explain(error.issues, input)}`);
  return data as Checked<Operation>;
}

const STORE_STATUS: Partial<Record<StoreFailure, number>> = { unavailable: 503, denied: 403, unauthenticated: 403 };

/** The status that stands for an error. */
export function statusOf(error: unknown): number {
  if (error instanceof UsageError) return 400;
  if (error instanceof OperationError) return 409;
  return error instanceof StoreError ? (STORE_STATUS[error.failure] ?? 500) : 500;
}
