// Signals as an AbortSignal, for commands that run until they are told to stop. Main thread.

/** Signals that mean "stop": Ctrl-C, a service manager, a terminal that was closed. */
const STOPPING: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Runs `work`; the first such signal aborts its `stop`, whose reason is the signal's name. A second one ends the process at once. */
export async function untilSignal<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const handlers = STOPPING.map((name) => {
    const handler = () => {
      forget();
      controller.abort(name);
    };
    process.on(name, handler);
    return { name, handler };
  });
  const forget = () => {
    for (const { name, handler } of handlers) process.off(name, handler);
  };
  try {
    return await work(controller.signal);
  } finally {
    forget();
  }
}
