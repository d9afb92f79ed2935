// A store that is behind, or has no quorum, is told of while the caller still listens: its own deadline says nothing of whose fault it was. Main thread.

import { status } from "@grpc/grpc-js";
import { type Backend, GrpcFailure } from "./backend.ts";

/** Of a caller's time that the backend has; the rest is for the way back. */
const SHARE = 0.85;

/** What the backend answers. Rejects with GrpcFailure when that takes it nearly all of the caller's time, which may be without end. */
export async function inTime<Answer>(backend: Pick<Backend, "trouble">, answer: Promise<Answer>, callerMs: number): Promise<Answer> {
  if (!Number.isFinite(callerMs)) return answer;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const tell = () => reject(new GrpcFailure(status.UNAVAILABLE, backend.trouble?.() ?? "the store behind it does not answer"));
    timer = setTimeout(tell, callerMs * SHARE);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
