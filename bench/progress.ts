// How far a run has come, and about how long the rest takes: by what each overlay's round of a suite has taken so far, by the suite's own guess
// where none was seen.

/** One round of one peer in one section (a suite on a wire). */
export interface Task {
  section: string;
  suite: string;
  peer: string;
  guessSeconds: number;
}

export class Progress {
  #left: Task[];
  readonly #seen = new Map<string, { seconds: number; count: number }>();

  constructor(tasks: readonly Task[]) {
    this.#left = [...tasks];
  }

  /** A peer's next round in a section is done, in so many seconds. */
  done(section: string, peer: string, seconds: number): void {
    const index = this.#left.findIndex((task) => task.section === section && task.peer === peer);
    if (index < 0) return;
    const [task] = this.#left.splice(index, 1);
    const seen = this.#seen.get(key(task)) ?? { seconds: 0, count: 0 };
    this.#seen.set(key(task), { seconds: seen.seconds + seconds, count: seen.count + 1 });
  }

  /** A peer has no more rounds in a section. */
  drop(section: string, peer: string): void {
    this.#left = this.#left.filter((task) => task.section !== section || task.peer !== peer);
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
