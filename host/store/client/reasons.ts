// What gRPC, TLS and the system say, in words for a person and in the kinds that the store's users tell apart. Main thread.

import { status } from "@grpc/grpc-js";
import { StoreError, type StoreFailure } from "../../model/cluster/store.ts";
import { messageOf } from "../../model/errors.ts";

const WORDS: [RegExp, string][] = [
  [/ECONNREFUSED/, "connection refused"],
  [/EHOSTUNREACH/, "no route to host"],
  [/ENETUNREACH/, "network is unreachable"],
  [/ETIMEDOUT/, "connection timed out"],
  [/ENOTFOUND|EAI_AGAIN|Name resolution failed/, "no such host name"],
  [/ECONNRESET|EPIPE|socket hang up|disconnected before secure TLS|Connection dropped|handshake/, "connection lost"],
  [/certificate has expired/, "its certificate has expired, or this host's clock is wrong"],
  [/certificate is not yet valid/, "its certificate is not valid yet, or this host's clock is wrong"],
  [/self.signed certificate|unable to (verify|get)|signature failure/, "its certificate is not signed by this cluster's CA"],
  [/wrong version number|packet length too long|Protocol error/, "it does not speak TLS"],
];

/** Why a connection could not be made, from gRPC's "No connection established. Last error: …". */
export function whyNot(error: unknown): string {
  const text = detailsOf(error);
  const known = WORDS.find(([pattern]) => pattern.test(text));
  if (known) return known[1];
  return text.replace(/^.*Last error: (Error: )?/, "").replace(/( \(\d{4}-[^)]*\))?\.?( Resolution note:.*)?$/, "");
}

interface Status {
  code: status;
  details?: string;
  message: string;
}

/** Whether it is a status of gRPC: a ServiceError, or a GrpcFailure. */
export function isStatus(error: unknown): error is Status & Error {
  return error instanceof Error && typeof (error as Partial<Status>).code === "number";
}

/** gRPC's own text, without "14 UNAVAILABLE: ". */
export function detailsOf(error: unknown): string {
  return isStatus(error) ? (error.details ?? error.message) : messageOf(error);
}

const AWAY: readonly status[] = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED];
/** How an etcd without a quorum tells that the request's time was up: with a code (UNKNOWN) that says nothing. */
const TIME_WAS_UP = /^context (deadline exceeded|canceled)$/;
/** HTTP/2's ENHANCE_YOUR_CALM, in grpc-js's words: the connection takes no more. By its code it would be a message that is too large. */
const TAKES_NO_MORE = /^Bandwidth exhausted or memory limit exceeded$/;

/** The server, or the way to it, failed: another may do better. */
export function isAway(error: unknown): boolean {
  if (!isStatus(error)) return false;
  if (error.code === status.UNKNOWN) return TIME_WAS_UP.test(detailsOf(error));
  if (error.code === status.RESOURCE_EXHAUSTED) return TAKES_NO_MORE.test(detailsOf(error));
  return AWAY.includes(error.code);
}

function failureOf(code: status, text: string): StoreFailure {
  switch (code) {
    case status.UNAVAILABLE:
    case status.DEADLINE_EXCEEDED:
    case status.CANCELLED:
      return "unavailable";
    case status.PERMISSION_DENIED:
      return "denied";
    case status.UNAUTHENTICATED:
      return "unauthenticated";
    case status.NOT_FOUND:
      return "not-found";
    case status.RESOURCE_EXHAUSTED:
      return "exhausted";
    case status.OUT_OF_RANGE:
      return /compacted/.test(text) ? "compacted" : "invalid";
    case status.INVALID_ARGUMENT:
      return /too large|too many/.test(text) ? "exhausted" : "invalid";
    case status.FAILED_PRECONDITION:
    case status.UNIMPLEMENTED:
      return "invalid";
    default:
      return "internal";
  }
}

/** The embedded store has etcd's words for it as well. */
const NO_ROOM = /^mvcc: database space exceeded$/;
const NO_ROOM_HELP = "the cluster's store has no room: free space on the manager's disk (of an etcd: compact, defrag, disarm its alarm)";

export function storeError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  if (!isStatus(error)) return new StoreError("internal", messageOf(error), { cause: error });
  const text = detailsOf(error)
    .replace(/^etcdserver: /, "")
    .replace(NO_ROOM, NO_ROOM_HELP);
  return new StoreError(failureOf(error.code, text), text, { cause: error });
}
