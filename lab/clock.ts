// A clock of one's own for a program: wrong by as much as a test says, and set anew while the program runs. Only the time of day: what counts seconds
// (CLOCK_MONOTONIC) goes on as ever, as it does on a host whose clock is set. By libfaketime (Debian's `faketime`).

import { existsSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "./lab.ts";

const LIBRARIES = "/usr/lib";
/** For programs with threads. */
const LIBRARY = "faketime/libfaketimeMT.so.1";
/** How long a program may go by what the clock was before, in seconds. */
const LOOKS_EACH = 1;

export class Clock {
  readonly #file: string;

  /** `name` is unique in the lab. `offset`: as faketime has it, e.g. "+1h". */
  constructor(lab: Lab, name: string, offset: string) {
    this.#file = join(lab.directory, `${name}.clock`);
    this.set(offset);
  }

  /** What is put before a program's name. */
  get wrapper(): string[] {
    const settings = {
      LD_PRELOAD: libraryPath(),
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_CACHE_DURATION: `${LOOKS_EACH}`,
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
    return ["env", ...Object.entries(settings).map(([name, value]) => `${name}=${value}`)];
  }

  set(offset: string): void {
    writeFileSync(`${this.#file}.new`, `${offset}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }
}

/** Debian has it in the folder of the machine's architecture. */
function libraryPath(): string {
  const paths = readdirSync(LIBRARIES).map((folder) => join(LIBRARIES, folder, LIBRARY));
  const found = paths.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`no ${LIBRARY} below ${LIBRARIES}: install faketime`);
  return found;
}
