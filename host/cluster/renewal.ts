// When a node's certificate is renewed: at a random moment between 50 and 80 % of its life, so that not all come at once, and there is time
// left when no manager answers; and as soon as it is seen to be from the future, since the clock by which it was made was wrong. The runner looks at the clock now and then instead of setting an alarm: clocks jump, and hosts sleep. Main
// thread.

import type { CertificateFacts } from "./certificate.ts";
import type { Clock } from "./clock.ts";

const EARLIEST = 0.5;
const LATEST = 0.8;
/** How often the runner looks, and tries again. */
export const LOOK_MS = 60_000;

/** When (milliseconds since 1970) a certificate is due, with a random number of 0 to 1. */
export function renewalTime({ notBefore, notAfter }: Pick<CertificateFacts, "notBefore" | "notAfter">, random: number): number {
  return notBefore + (notAfter - notBefore) * (EARLIEST + (LATEST - EARLIEST) * random);
}

export interface Renewing {
  /** The certificate as it is now. */
  facts(): CertificateFacts;
  /** Asks for a new one and puts it in place; facts() is then of the new one. */
  renew(): Promise<void>;
  /** Each failure, one line; the next look tries again. */
  onFailure(error: unknown): void;
  clock: Clock;
  random(): number;
}

export interface Renewal {
  /** Renews as soon as can be, e.g. since the cluster has another id. */
  soon(): void;
  stop(): void;
}

export function startRenewal({ facts, renew, onFailure, clock, random }: Renewing): Renewal {
  let due = renewalTime(facts(), random());
  let stopped = false;
  let busy = false;
  let cancel = () => {};
  const look = async (): Promise<void> => {
    cancel();
    if (busy) return;
    if (clock.now() >= due || clock.now() < facts().notBefore) {
      busy = true;
      try {
        await renew();
        due = renewalTime(facts(), random());
      } catch (error) {
        if (!stopped) onFailure(error);
      }
      busy = false;
    }
    if (!stopped) cancel = clock.after(LOOK_MS, look);
  };
  cancel = clock.after(0, look);
  return {
    soon() {
      due = Number.NEGATIVE_INFINITY;
      cancel();
      if (!stopped && !busy) cancel = clock.after(0, look);
    },
    stop() {
      stopped = true;
      cancel();
    },
  };
}
