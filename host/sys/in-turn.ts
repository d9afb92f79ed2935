// So many programs at a time, in the order of asking. To start one keeps the thread from everything else until it has begun: whoever starts hundreds
// of containers at once must not keep the agent from saying that it lives. Main thread.

const AT_ONCE = 8;

let running = 0;
const waiting: (() => void)[] = [];

/** What `work`, which runs a program to its end, answers, once it is its turn. It must not ask for another turn within. */
export async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running < AT_ONCE) running++;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}
