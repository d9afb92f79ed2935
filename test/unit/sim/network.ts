// The underlay between hosts (and to the etcd behind managers), one way at a time: it delays, and may be cut.

import type { Random } from "../../oracle/random.ts";
import type { VirtualTime } from "./virtual.ts";

/** Most packets take about so long; some wait in a queue. */
const USUAL_MS = 3;
const SLOW_ONE_IN = 40;
const SLOW_MS = 700;

export class Network {
  readonly #time: VirtualTime;
  readonly #random: Random;
  /** `from>to` → how many reasons there are not to let it through. */
  readonly #cuts = new Map<string, number>();
  readonly #listeners = new Set<() => void>();

  constructor(time: VirtualTime, random: Random) {
    this.#time = time;
    this.#random = random;
  }

  delay(): number {
    if (this.#random.oneIn(SLOW_ONE_IN)) return this.#random.below(SLOW_MS);
    return 0.05 + this.#random.below(1000) * (USUAL_MS / 1000);
  }

  open(from: string, to: string): boolean {
    return from === to || !this.#cuts.has(`${from}>${to}`);
  }

  /** Until the answer is called. */
  cut(from: string, to: string): () => void {
    const link = `${from}>${to}`;
    this.#cuts.set(link, (this.#cuts.get(link) ?? 0) + 1);
    this.#tell();
    let healed = false;
    return () => {
      if (healed) return;
      healed = true;
      const reasons = (this.#cuts.get(link) ?? 1) - 1;
      if (reasons === 0) this.#cuts.delete(link);
      else this.#cuts.set(link, reasons);
      this.#tell();
    };
  }

  /** Takes a packet there, some time later, unless the way is cut when it leaves. */
  send(from: string, to: string, arrive: () => void): void {
    if (this.open(from, to)) this.#time.after(from === to ? 0.05 : this.delay(), arrive);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
