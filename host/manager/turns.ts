// One at a time, in the order of asking. Main thread.

export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** What `work` answers, once all that was asked before has ended, well or not. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
