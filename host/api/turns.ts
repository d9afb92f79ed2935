// What is asked for at once begins one by one, with all else that waits for this thread in between: the first steps of hundreds of operations (each writes
// files) would keep it for seconds, in which it could not say that it lives. Main thread.

import { setImmediate as immediate } from "node:timers/promises";

/** A queue: each call resolves in a turn of the event loop of its own, in the order of calls. */
export function turns(): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return () => {
    last = last.then(() => immediate());
    return last;
  };
}
