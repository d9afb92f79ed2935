// Tells another thread what is new, with at most one message on its way: what changes meanwhile goes with the next, once that one has been taken. So a
// thread that is busy for long finds one message, not a thousand. Each side of a pair of threads has its own.

/** The other side's word that it has taken the last message. */
export interface Taken {
  taken: true;
}

export class Courier<News> {
  readonly #post: (news: News) => void;
  readonly #collect: () => News | null;
  #isOnItsWay = false;
  #isDue = false;

  /** `collect`: all that is new since it was last called, or null. */
  constructor(post: (news: News) => void, collect: () => News | null) {
    this.#post = post;
    this.#collect = collect;
  }

  /** Something is new. What else is in this turn of the event loop goes with it. */
  due(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    if (!this.#isOnItsWay) setImmediate(() => this.#go());
  }

  /** The last message has been taken. */
  taken(): void {
    this.#isOnItsWay = false;
    if (this.#isDue) this.#go();
  }

  #go(): void {
    this.#isDue = false;
    const news = this.#collect();
    if (news === null) return;
    this.#isOnItsWay = true;
    this.#post(news);
  }
}
