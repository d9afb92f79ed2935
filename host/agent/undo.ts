// What was done at start, and how each step is undone: last first, by stop() or when the start fails half-way. Main thread.

type Undo = () => unknown;

export class UndoStack {
  readonly #steps: Undo[] = [];
  #undone: Promise<void> | undefined;

  push(...steps: Undo[]): void {
    this.#steps.push(...steps);
  }

  /** Undoes everything, once. Goes on after an error, and rejects with the first. */
  undo(): Promise<void> {
    this.#undone ??= this.#undo();
    return this.#undone;
  }

  async #undo(): Promise<void> {
    const errors: unknown[] = [];
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
