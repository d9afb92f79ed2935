// What went wrong in a manager, as gRPC carries it: the line as it is, and a code by which host/store/client/store.ts knows its kind again.
// Main thread.

import { status } from "@grpc/grpc-js";
import { StoreError, type StoreFailure } from "../../model/cluster/store.ts";
import { messageOf, UsageError, ValueError } from "../../model/errors.ts";
import { GrpcFailure } from "../backend.ts";

/** gRPC carries it in a header; Node takes 16 KiB of those, and three bytes may stand for one. */
const MESSAGE_MAX = 4000;

const CODES: Record<StoreFailure, status> = {
  unavailable: status.UNAVAILABLE,
  denied: status.PERMISSION_DENIED,
  unauthenticated: status.UNAUTHENTICATED,
  compacted: status.OUT_OF_RANGE,
  "not-found": status.NOT_FOUND,
  exhausted: status.RESOURCE_EXHAUSTED,
  invalid: status.FAILED_PRECONDITION,
  internal: status.INTERNAL,
};

export function failureStatus(error: unknown): { code: status; details: string } {
  return { code: codeOf(error), details: messageOf(error).slice(0, MESSAGE_MAX) };
}

function codeOf(error: unknown): status {
  if (error instanceof GrpcFailure) return error.code;
  if (error instanceof StoreError) return CODES[error.failure];
  if (error instanceof UsageError || error instanceof ValueError) return status.INVALID_ARGUMENT;
  return (error as { code?: unknown } | null)?.code === "WEFT_OPERATION" ? status.FAILED_PRECONDITION : status.INTERNAL;
}
