// Addresses as numbers that are made once and used often. V8 keeps a number that is no small integer as an object, and makes a new one whenever one is
// computed for a call: 16 bytes of garbage a frame. So those that come again are kept, as objects: in a list of `unknown`, since one of numbers alone
// would hold bare doubles. Each thread, and each user, makes its own.

const SLOTS = 1024;

export class Addresses {
  readonly #base: number;
  readonly #offsets = new Int32Array(SLOTS).fill(-1);
  readonly #made: unknown[] = Array<unknown>(SLOTS).fill(undefined);

  constructor(base: number) {
    this.#base = base;
  }

  /** base + offset, `offset` from 0 on. An offset that shares its slot with another in use costs an object again; RX buffers do not. */
  of(offset: number): number {
    const slot = ((offset >>> 6) + (offset >>> 12)) & (SLOTS - 1);
    if (this.#offsets[slot] !== offset) {
      this.#offsets[slot] = offset;
      this.#made[slot] = this.#base + offset;
    }
    return this.#made[slot] as number;
  }
}
