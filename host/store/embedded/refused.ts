// What the embedded store answers instead of a result, by the name that host/store/backend.ts has for etcd's failures. The store's thread
// throws it; the main thread words it. (backend.ts itself is not loaded here: it brings gRPC along, which the thread has no use for.)

import type { FAILURES } from "../backend.ts";

export type FailureName = keyof typeof FAILURES;

export class Refused extends Error {
  override readonly name = "Refused";
  readonly which: FailureName;

  constructor(which: FailureName) {
    super(which);
    this.which = which;
  }
}
