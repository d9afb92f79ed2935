// What may be asked of a cluster: one door for all operations. It checks who asks and what is asked, and hands it to the function that does it.
// It has no timers and no clock of its own, so that it runs the same over a store in virtual time. Main thread.

import { randomBytes } from "node:crypto";
import type { Answer } from "../model/cluster/answers.ts";
import type { Asked, ManagerOperation } from "../model/cluster/operations.ts";
import type { Store } from "../model/cluster/store.ts";
import { OperationError, UsageError } from "../model/errors.ts";
import { AddressView } from "./address-view.ts";
import { checked, isManagerOperation } from "./check.ts";
import type { Caller, Context, Handler } from "./context.ts";
import { Janitor, type Swept } from "./janitor.ts";
import { HANDLERS } from "./operations.ts";
import { PoolFigures } from "./pool-figures.ts";
import { RestLease } from "./rest-lease.ts";
import { ROLES } from "./roles.ts";
import { Turns } from "./turns.ts";

export type { Caller } from "./context.ts";

export interface ManagerOptions {
  store: Store;
  /** Milliseconds since 1970. */
  now: () => number;
  tokenText: Context["tokenText"];
  random?: (bytes: number) => Uint8Array;
}

export class Manager {
  readonly #context: Context;
  readonly #janitor: Janitor;

  constructor({ store, now, tokenText, random = randomBytes }: ManagerOptions) {
    this.#context = {
      store,
      now,
      random,
      tokenText,
      addresses: new AddressView(store),
      rest: new RestLease(store, now),
      poolTurns: new Turns(),
    };
    this.#janitor = new Janitor(this.#context);
  }

  /** `do`, for who knows what is asked. */
  ask<Name extends ManagerOperation>(caller: Caller, operation: Name, input: Asked<Name>): Promise<Answer<Name>> {
    return this.do(caller, operation, input) as Promise<Answer<Name>>;
  }

  /** Answers what host/model/cluster/answers.ts says. Throws UsageError, OperationError, and the store's StoreError. */
  async do(caller: Caller, operation: string, input: unknown): Promise<unknown> {
    if (!isManagerOperation(operation)) throw new UsageError(`${JSON.stringify(operation)} is no operation of a manager`);
    if (!ROLES[operation].includes(caller.role)) {
      throw new OperationError(
        `${operation} may not be asked by a ${caller.role}: ask on a node that is a ${ROLES[operation].join(" or ")}`,
      );
    }
    const handler = HANDLERS[operation] as Handler<ManagerOperation>;
    return handler(this.#context, caller, checked(operation, input));
  }

  /** Looks after nodes that have died: call it every second or so. `monotonicMs` is a clock that is never set (performance.now()). */
  sweep(monotonicMs: number): Promise<Swept> {
    return this.#janitor.sweep(monotonicMs);
  }

  /** How full everything is, kept up from now on until it is closed. */
  poolFigures(): PoolFigures {
    return new PoolFigures(this.#context.store, this.#context.addresses);
  }

  close(): void {
    this.#context.addresses.close();
  }
}
