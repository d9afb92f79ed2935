// A set of addresses of one family, for a hundred thousand and more of them: a bit each, in pages that exist only where there is one. Built
// to find the next address that is not in it without looking at every one that is: full pages are stepped over whole. Pure.

const PAGE_BITS = 1024;
const PAGE_SHIFT = 10n;
const PAGE_MASK = 1023n;
const ALL = 0xffffffff;

interface Page {
  words: Uint32Array;
  count: number;
}

export class AddressSet {
  readonly #pages = new Map<bigint, Page>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(value: bigint): boolean {
    const page = this.#pages.get(value >> PAGE_SHIFT);
    const bit = Number(value & PAGE_MASK);
    return page !== undefined && ((page.words[bit >>> 5] >>> (bit & 31)) & 1) === 1;
  }

  add(value: bigint): void {
    const index = value >> PAGE_SHIFT;
    let page = this.#pages.get(index);
    if (!page) {
      page = { words: new Uint32Array(PAGE_BITS / 32), count: 0 };
      this.#pages.set(index, page);
    }
    const bit = Number(value & PAGE_MASK);
    const mask = 1 << (bit & 31);
    if ((page.words[bit >>> 5] & mask) !== 0) return;
    page.words[bit >>> 5] |= mask;
    page.count++;
    this.#size++;
  }

  delete(value: bigint): void {
    if (!this.has(value)) return;
    const index = value >> PAGE_SHIFT;
    const page = this.#pages.get(index) as Page;
    const bit = Number(value & PAGE_MASK);
    page.words[bit >>> 5] &= ~(1 << (bit & 31));
    this.#size--;
    if (--page.count === 0) this.#pages.delete(index);
  }

  /** The least address from `from` to `to`, both included, that is not in the set. */
  nextAbsent(from: bigint, to: bigint): bigint | null {
    for (let value = from; value <= to; value = ((value >> PAGE_SHIFT) + 1n) << PAGE_SHIFT) {
      const page = this.#pages.get(value >> PAGE_SHIFT);
      if (!page) return value;
      const bit = page.count === PAGE_BITS ? -1 : clearBit(page.words, Number(value & PAGE_MASK));
      if (bit < 0) continue;
      const found = ((value >> PAGE_SHIFT) << PAGE_SHIFT) + BigInt(bit);
      return found <= to ? found : null;
    }
    return null;
  }

  /** How many lie from `from` to `to`, both included. */
  count(from: bigint, to: bigint): number {
    let count = 0;
    for (const [index, page] of this.#pages) {
      const first = index << PAGE_SHIFT;
      const last = first + PAGE_MASK;
      if (last < from || first > to) continue;
      if (first >= from && last <= to) count += page.count;
      else for (let value = first; value <= last; value++) if (value >= from && value <= to && this.has(value)) count++;
    }
    return count;
  }
}

/** The first bit from `from` on that is 0; −1 if there is none. */
function clearBit(words: Uint32Array, from: number): number {
  for (let index = from >>> 5; index < words.length; index++) {
    // Bits before the first one asked for count as set.
    const before = index === from >>> 5 ? (1 << (from & 31)) - 1 : 0;
    const clear = ~(words[index] | before) & ALL;
    if (clear !== 0) return 32 * index + (31 - Math.clz32(clear & -clear));
  }
  return -1;
}
