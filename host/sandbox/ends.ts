// Who wants to know when a container ends, and telling them. Main thread.

import { messageOf } from "../model/errors.ts";
import { Exits } from "./exits.ts";
import type { Run } from "./run.ts";

type Told = (end: number | Error) => void;

export class Ends {
  readonly #read: (id: string) => Run;
  readonly #onEnd: (id: string) => void;
  readonly #onTrouble: (id: string, why: string) => void;
  readonly #exits = new Exits((id) => this.look(id));
  /** Running, as far as is known. */
  readonly #running = new Set<string>();
  readonly #waiting = new Map<string, Set<Told>>();

  /** `read`: how one fares. `onEnd`: one that ran has ended; told once. `onTrouble`: how it fares cannot be read; it is tried again. */
  constructor(read: (id: string) => Run, onEnd: (id: string) => void, onTrouble: (id: string, why: string) => void) {
    this.#read = read;
    this.#onEnd = onEnd;
    this.#onTrouble = onTrouble;
  }

  /** One that runs, or has just ended; `directory`: of its files. */
  follow(id: string, directory: string): void {
    this.#running.add(id);
    this.#exits.watch(id, directory);
    this.look(id);
  }

  /** Tells of its end, if it has ended and that is not told yet. */
  look(id: string): void {
    if (!this.#running.has(id)) return;
    let run: Run;
    try {
      run = this.#read(id);
    } catch (error) {
      this.#onTrouble(id, messageOf(error));
      return;
    }
    if (run.state !== "exited") return;
    this.#running.delete(id);
    this.#exits.forget(id);
    this.#settle(id, run.exitCode);
    this.#onEnd(id);
  }

  /** Its exit code, once that is told. Rejects when `gone` is aborted first, and when it is forgotten. */
  wait(id: string, gone?: AbortSignal): Promise<number> {
    const waiting = this.#waiting.get(id) ?? new Set<Told>();
    this.#waiting.set(id, waiting);
    return new Promise((resolve, reject) => {
      const stop = () => told(gone?.reason);
      const told: Told = (end) => {
        waiting.delete(told);
        gone?.removeEventListener("abort", stop);
        if (typeof end === "number") resolve(end);
        else reject(end);
      };
      waiting.add(told);
      gone?.addEventListener("abort", stop, { once: true });
      if (gone?.aborted) stop();
    });
  }

  /** It is no more: whoever still waits is told `why`. */
  forget(id: string, why: Error): void {
    this.#running.delete(id);
    this.#exits.forget(id);
    this.#settle(id, why);
  }

  close(): void {
    this.#exits.close();
    this.#running.clear();
  }

  #settle(id: string, end: number | Error): void {
    for (const told of this.#waiting.get(id) ?? []) told(end);
    this.#waiting.delete(id);
  }
}
