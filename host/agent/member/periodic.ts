// Something done again and again, never twice at once: the next time begins so long after the last one ended. Main thread.

export interface Periodic {
  /** Does it now, or as soon as the one under way is done; resolves when it is. */
  now(): Promise<void>;
  /** No more; resolves when the one under way is done. */
  stop(): Promise<void>;
}

/** `work` tells its own failures; one that rejects is told to `onFailure`. Does not keep the process alive. */
export function periodic(ms: number, work: () => Promise<void> | void, onFailure: (error: unknown) => void): Periodic {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  const run = () => {
    clearTimeout(timer);
    running = running
      .then(() => (stopped ? undefined : work()))
      .catch(onFailure)
      .then(wait);
    return running;
  };
  const wait = () => {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(run, ms).unref();
  };
  wait();
  return {
    now: run,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      return running;
    },
  };
}
