// Seeded random numbers for tests. The seed is the same from run to run, so that a run tells what a change did and not what the dice did; to look
// further, WEFT_SEED=<any number> npx vitest run <file>.

export const seed = Number(process.env.WEFT_SEED ?? 20_261_122);

/** Mulberry32: small, fast, good enough to pick bytes. */
export class Random {
  #state: number;

  constructor(from: number = seed) {
    this.#state = from >>> 0;
  }

  /** 32 random bits. */
  u32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let value = this.#state;
    value = Math.imul(value ^ (value >>> 15), value | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return (value ^ (value >>> 14)) >>> 0;
  }

  /** An integer from 0 to `below` − 1. */
  below(below: number): number {
    return this.u32() % below;
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True once in `of` times. */
  oneIn(of: number): boolean {
    return this.below(of) === 0;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let i = 0; i < count; i++) bytes[i] = this.u32();
    return bytes;
  }
}
