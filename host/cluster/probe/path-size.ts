// How large a packet the path to one peer carries, found by asking (packetisation layer path MTU discovery, RFC 8899): ICMP may be filtered, and
// says nothing of a link inside the path that drops. One probe is on its way at a time. The largest size that is hoped for is tried every now and
// then; when it does not come through and small probes do, a binary search finds the largest that does, and asks once more for the next larger,
// lest a path with losses be said to be narrow. Pure. Sizes are of the inner IP packet.
//
//   resting ──due──► trying the top ──answered──► resting
//                          └──missed too often──► searching ──narrowed down──► confirming ──missed too often──► resting

/** After so long the path is asked again whether it carries what it is believed to. */
export const CHECK_MS = 30_000;
/** After so long a path that carries less than the underlay here is asked for that again (the kernel's net.ipv4.route.mtu_expires). */
export const RAISE_MS = 600_000;
/** A size is said not to come through when so many probes of it in a row were lost, more where small ones are lost too. */
const TRIES_MIN = 4;
const TRIES_MAX = 10;
/** How likely it may be that all tries were lost by chance. */
const CHANCE = 1e-6;

export interface PathSizeOptions {
  /** What is never asked, since small probes need hardly less. */
  least: number;
  /** What the underlay here takes. */
  full: number;
  /** When the first look is due, in ms. */
  firstAt: number;
}

export class PathSize {
  /** Largest packet known to come through; null until one has. */
  known: number | null = null;
  readonly #options: PathSizeOptions;
  #checkAt: number;
  #raiseAt: number;
  /** What is being asked, or null at rest. */
  #asking: number | null = null;
  /** Comes through, as far as it is known; does not. null: the top is being tried. */
  #between: { passes: number; fails: number } | null = null;
  /** That the search is over and its upper end is asked once more. */
  #confirming = false;
  #misses = 0;
  #onItsWay = false;

  constructor(options: PathSizeOptions) {
    this.#options = options;
    this.#checkAt = options.firstAt;
    this.#raiseAt = options.firstAt;
  }

  /** The size of the probe to send now, or null. */
  due(now: number): number | null {
    if (this.#onItsWay) return null;
    if (this.#asking === null && now >= Math.min(this.#checkAt, this.#raiseAt)) {
      this.#asking = now >= this.#raiseAt ? this.#options.full : (this.known ?? this.#options.full);
    }
    this.#onItsWay = this.#asking !== null;
    return this.#asking;
  }

  /** A probe of this size was answered. */
  answered(bytes: number, now: number, checkMs = CHECK_MS): void {
    if (bytes !== this.#asking) return;
    this.#ask(bytes);
    if (this.#confirming) this.restart(now);
    else if (this.#between) this.#narrow(bytes, this.#between.fails);
    else this.#settle(bytes, now, checkMs);
  }

  /** None came back in time, though small ones do; `loss`: share of those that are lost. */
  missed(bytes: number, now: number, loss: number, checkMs = CHECK_MS): void {
    if (bytes !== this.#asking) return;
    this.#onItsWay = false;
    if (++this.#misses < triesFor(loss)) return;
    const passes = this.#between?.passes ?? this.#options.least;
    if (this.#confirming) this.#settle(passes, now, checkMs);
    else this.#narrow(passes, bytes);
  }

  /** What became of the probe on its way will not be known: it is sent again. */
  forget(): void {
    this.#onItsWay = false;
  }

  /** Nothing can be said now: begin anew, from the top, at `at`. What was known is not forgotten. */
  restart(at: number): void {
    this.#asking = null;
    this.#between = null;
    this.#confirming = false;
    this.#misses = 0;
    this.#onItsWay = false;
    this.#checkAt = at;
    this.#raiseAt = at;
  }

  #ask(bytes: number | null): void {
    this.#asking = bytes;
    this.#misses = 0;
    this.#onItsWay = false;
  }

  #narrow(passes: number, fails: number): void {
    this.#between = { passes, fails };
    this.#confirming = fails - passes <= 1;
    this.#ask(this.#confirming ? fails : Math.floor((passes + fails) / 2));
  }

  #settle(bytes: number, now: number, checkMs: number): void {
    this.known = bytes;
    this.#between = null;
    this.#confirming = false;
    this.#ask(null);
    this.#checkAt = now + checkMs;
    const isFull = bytes === this.#options.full;
    if (isFull) this.#raiseAt = Number.POSITIVE_INFINITY;
    else if (this.#raiseAt <= now || this.#raiseAt === Number.POSITIVE_INFINITY) this.#raiseAt = now + RAISE_MS;
  }
}

/** So many that all being lost by chance is less likely than CHANCE. */
export function triesFor(loss: number): number {
  if (loss <= 0) return TRIES_MIN;
  if (loss >= 1) return TRIES_MAX;
  return Math.min(TRIES_MAX, Math.max(TRIES_MIN, Math.ceil(Math.log(CHANCE) / Math.log(loss))));
}
