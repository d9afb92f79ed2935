// Waiting for a condition, with a bound. The lab never sleeps for luck: whoever waits says for what, and for how long at most.

import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 20;

/**
 * Polls `probe` until it gives something other than undefined, null or false, and hands that over. Rejects after `timeoutMs` with what was
 * waited for and the last error of the probe, if it threw.
 */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T> | T,
  timeoutMs = 10_000,
): Promise<Exclude<T, undefined | null | false>> {
  const end = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await probe();
      last = undefined;
      if (value !== undefined && value !== null && value !== false) return value as Exclude<T, undefined | null | false>;
    } catch (error) {
      last = error;
    }
    if (performance.now() >= end) {
      const reason = last instanceof Error ? `: ${last.message}` : "";
      throw new Error(`waited ${timeoutMs} ms for ${what}${reason}`, { cause: last });
    }
    await delay(POLL_MS);
  }
}
