// How far a run has come, and about how long the rest takes: by what each overlay's round of a suite has taken so far, by the suite's own guess
// where none was seen.

export interface Task {
  suite: string;
  peer: string;
  guessSeconds: number;
}

export class Progress {
  readonly #left: Task[];
  readonly #seen = new Map<string, { seconds: number; count: number }>();

  constructor(tasks: readonly Task[]) {
    this.#left = [...tasks];
  }

  /** The next task is done, in so many seconds. */
  done(seconds: number): void {
    const task = this.#left.shift();
    if (!task) return;
    const seen = this.#seen.get(key(task)) ?? { seconds: 0, count: 0 };
    this.#seen.set(key(task), { seconds: seen.seconds + seconds, count: seen.count + 1 });
  }

  get secondsLeft(): number {
    return this.#left.reduce((sum, task) => {
      const seen = this.#seen.get(key(task));
      return sum + (seen ? seen.seconds / seen.count : task.guessSeconds);
    }, 0);
  }

  toString(): string {
    const seconds = this.secondsLeft;
    if (this.#left.length === 0) return "done";
    return seconds < 90 ? `about ${Math.ceil(seconds)} s left` : `about ${Math.round(seconds / 60)} min left`;
  }
}

function key({ suite, peer }: Task): string {
  return `${suite}/${peer}`;
}
