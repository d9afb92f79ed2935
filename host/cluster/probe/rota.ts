// Whose turn it is to be probed: about one probe a second for each of up to SAMPLE peers, and so many a second in all when there are more. The
// order is random and kept, so every peer has its turn once a round, and hosts do not probe the same one at the same time. Pure.

/** Peers probed each second. */
export const SAMPLE = 32;
const SECOND_MS = 1000;

export class Rota {
  readonly #random: () => number;
  #order: string[] = [];
  #cursor = 0;
  #nextAt = 0;

  /** `random`: 0 to 1, as Math.random. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** How long a round takes. */
  get roundMs(): number {
    return Math.max(1, this.#order.length / SAMPLE) * SECOND_MS;
  }

  /** Who takes part now. Who does already keeps its place. */
  set(ids: ReadonlySet<string>): void {
    const known = new Set(this.#order);
    this.#order = this.#order.filter((id) => ids.has(id));
    for (const id of ids) {
      if (!known.has(id)) this.#order.splice(Math.floor(this.#random() * (this.#order.length + 1)), 0, id);
    }
    if (this.#cursor >= this.#order.length) this.#cursor = 0;
  }

  /** Whose turn it is by now. What was missed is not made up for. */
  due(now: number): string[] {
    const due: string[] = [];
    if (this.#order.length === 0) return due;
    const gap = this.roundMs / this.#order.length;
    if (this.#nextAt < now - SECOND_MS) this.#nextAt = now;
    for (; this.#nextAt <= now; this.#nextAt += gap) {
      due.push(this.#order[this.#cursor]);
      this.#cursor = (this.#cursor + 1) % this.#order.length;
    }
    return due;
  }
}
