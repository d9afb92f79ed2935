// Reads a container's log (shim.pl writes it): `previous`, then `current`, which becomes `previous` when it is full, while we read. Main thread.

import { closeSync, type FSWatcher, fstatSync, openSync, readSync, statSync, watch } from "node:fs";
import { join } from "node:path";
import type { LogLine } from "../model/cluster/answers.ts";

const READ_BYTES = 64 * 1024;
/** How long a change may go unheard, when the kernel gives no watch. */
const LOOK_MS = 1_000;

export interface LogOptions {
  /** Goes on until the container has ended. */
  follow: boolean;
  /** Only so many of the lines that there are; null = all. */
  tail: number | null;
  /** Ends it. */
  gone?: AbortSignal;
}

/** `end`: whether the container has ended, and a promise of it. */
export async function* readLog(
  folder: string,
  options: LogOptions,
  end: { reached: () => boolean; promise: Promise<unknown> },
): AsyncGenerator<LogLine> {
  const { follow, tail, gone } = options;
  const bell = new Bell(folder, follow, end.promise, gone);
  const reader = new LogReader(folder);
  try {
    if (tail !== null) yield* last(reader, tail).flatMap(parse);
    for (;;) {
      // Asked before reading: the last lines are written before the end is told.
      const ended = !follow || end.reached();
      for (let lines = reader.read(); lines.length > 0 && !gone?.aborted; lines = reader.read()) yield* lines.flatMap(parse);
      if (ended || gone?.aborted) return;
      await bell.rung();
    }
  } finally {
    bell.close();
    reader.close();
  }
}

/** The last `count` lines of what there is now. */
function last(reader: LogReader, count: number): string[] {
  let kept: string[] = [];
  for (let lines = reader.read(); lines.length > 0; lines = reader.read()) {
    kept.push(...lines);
    if (kept.length > 2 * count) kept = kept.slice(kept.length - count);
  }
  return count === 0 ? [] : kept.slice(-count);
}

/** "TIME STREAM F|P TEXT"; nothing for what is none (a disk that was full cut it). */
function parse(text: string): LogLine[] {
  const [, time, stream, kind, log] = /^(\S{20,}) (stdout|stderr) ([FP]) (.*)$/s.exec(text) ?? [];
  if (time === undefined) return [];
  return [{ log: kind === "F" ? `${log}\n` : log, stream: stream as LogLine["stream"], time }];
}

class LogReader {
  readonly #folder: string;
  readonly #chunk = Buffer.allocUnsafe(READ_BYTES);
  /** The beginning of a line whose end has not been read. */
  #rest: Buffer = Buffer.alloc(0);
  #fd: number | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    this.#fd = this.#open("previous") ?? this.#open("current");
  }

  /** Some more lines; none when there are no more for now. Throws Node's errors. */
  read(): string[] {
    for (;;) {
      this.#fd ??= this.#open("current");
      if (this.#fd === undefined) return [];
      // Asked before reading: nothing is written to a file that has got its successor.
      const full = this.#isOvertaken(this.#fd);
      const bytes = readSync(this.#fd, this.#chunk);
      if (bytes === 0 && !full) return [];
      if (bytes === 0) this.#turn(this.#fd);
      const lines = this.#split(this.#chunk.subarray(0, bytes));
      if (lines.length > 0) return lines;
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #isOvertaken(fd: number): boolean {
    const current = this.#inode("current");
    return current !== null && current !== fstatSync(fd).ino;
  }

  /** To the next file. One that was overtaken twice is gone, with lines that nobody has read. */
  #turn(fd: number): void {
    const own = fstatSync(fd).ino;
    const current = this.#open("current");
    // In this order: whatever is renamed in between, what follows ours is then one of the two.
    const isNext = this.#inode("previous") === own;
    const next = isNext ? current : this.#open("previous");
    if (!isNext && current !== undefined) closeSync(current);
    this.close();
    this.#rest = Buffer.alloc(0);
    this.#fd = next;
  }

  #inode(name: string): number | null {
    return statSync(join(this.#folder, name), { throwIfNoEntry: false })?.ino ?? null;
  }

  #open(name: string): number | undefined {
    try {
      return openSync(join(this.#folder, name), "r");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  #split(chunk: Buffer): string[] {
    const all = Buffer.concat([this.#rest, chunk]);
    const end = all.lastIndexOf(0x0a) + 1;
    this.#rest = Buffer.from(all.subarray(end));
    return end === 0 ? [] : all.toString("utf8", 0, end - 1).split("\n");
  }
}

/** Rings when a follower should look again. */
class Bell {
  readonly #gone: AbortSignal | undefined;
  #watcher: FSWatcher | undefined;
  #heard = false;
  #wake = () => {};

  constructor(folder: string, follow: boolean, end: Promise<unknown>, gone?: AbortSignal) {
    this.#gone = gone;
    if (!follow) return;
    end.then(this.#ring, this.#ring);
    gone?.addEventListener("abort", this.#ring);
    try {
      this.#watcher = watch(folder, { persistent: false }, this.#ring);
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch {
      // The slow look must do.
    }
  }

  async rung(): Promise<void> {
    if (!this.#heard) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, LOOK_MS);
      });
      clearTimeout(timer);
    }
    this.#heard = false;
  }

  close(): void {
    this.#watcher?.close();
    this.#gone?.removeEventListener("abort", this.#ring);
  }

  readonly #ring = () => {
    this.#heard = true;
    this.#wake();
  };
}
