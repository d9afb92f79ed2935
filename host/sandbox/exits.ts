// Hears of containers' ends: inotify on the directory in which a shim writes its `exit` file, and a slow look for shims that were killed and wrote
// none. Main thread.

import { type FSWatcher, watch } from "node:fs";

const LOOK_MS = 2_000;

export class Exits {
  readonly #onChange: (id: string) => void;
  readonly #lookMs: number;
  readonly #watchers = new Map<string, FSWatcher | null>();
  #look: NodeJS.Timeout | undefined;

  /** `onChange`: something may have happened to it; called while the container is watched, also for nothing. */
  constructor(onChange: (id: string) => void, lookMs = LOOK_MS) {
    this.#onChange = onChange;
    this.#lookMs = lookMs;
  }

  watch(id: string, directory: string): void {
    if (this.#watchers.has(id)) return;
    this.#watchers.set(id, this.#listen(id, directory));
    this.#look ??= setInterval(() => {
      for (const each of [...this.#watchers.keys()]) this.#onChange(each);
    }, this.#lookMs).unref();
  }

  forget(id: string): void {
    this.#watchers.get(id)?.close();
    this.#watchers.delete(id);
    if (this.#watchers.size > 0) return;
    clearInterval(this.#look);
    this.#look = undefined;
  }

  close(): void {
    for (const id of [...this.#watchers.keys()]) this.forget(id);
  }

  /** null: the kernel gives no more watches (fs.inotify.max_user_watches), and the slow look must do. */
  #listen(id: string, directory: string): FSWatcher | null {
    try {
      const watcher = watch(directory, { persistent: false }, () => this.#onChange(id));
      watcher.on("error", () => watcher.close());
      return watcher;
    } catch {
      return null;
    }
  }
}
