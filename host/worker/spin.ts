// How long a worker looks for work before it sleeps (the idea of KVM's halt polling, virt/kvm/kvm_main.c): waking a CPU that halted costs more than a
// frame. The time grows while sleeps turn out to have been shorter than the limit, and is nothing once one was longer: so an idle worker sleeps at
// once, and one under load never looks in vain. Used by one worker thread.

const FIRST_MICROSECONDS = 10;
const GROWTH = 2;

export class Spin {
  /** Time to look for work before the next sleep, in milliseconds (performance.now()). */
  budgetMs = 0;
  readonly #maxMs: number;

  /** `maxMicroseconds` 0: never. */
  constructor(maxMicroseconds: number) {
    this.#maxMs = maxMicroseconds / 1000;
  }

  get isOff(): boolean {
    return this.#maxMs === 0;
  }

  /** A sleep lasted so long. */
  slept(milliseconds: number): void {
    if (milliseconds > this.#maxMs) this.budgetMs = 0;
    else this.budgetMs = Math.min(this.#maxMs, this.budgetMs === 0 ? FIRST_MICROSECONDS / 1000 : this.budgetMs * GROWTH);
  }
}
