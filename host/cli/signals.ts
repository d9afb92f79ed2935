// Signals as an AbortSignal, for commands that run until they are told to stop, and as calls, for those that pass them on. Main thread.

/** Signals that mean "stop": Ctrl-C, a service manager, a terminal that was closed. */
const STOPPING: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Calls `handle` for each of these signals, in place of what they do by themselves, until the function that it returns is called. */
export function onSignals(names: readonly NodeJS.Signals[], handle: (name: NodeJS.Signals) => void): () => void {
  const handlers = names.map((name) => {
    const handler = () => handle(name);
    process.on(name, handler);
    return { name, handler };
  });
  return () => {
    for (const { name, handler } of handlers) process.off(name, handler);
  };
}

/** Runs `work`; the first such signal aborts its `stop`, whose reason is the signal's name. A second one ends the process at once. */
export async function untilSignal<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const forget = onSignals(STOPPING, (name) => {
    forget();
    controller.abort(name);
  });
  try {
    return await work(controller.signal);
  } finally {
    forget();
  }
}
