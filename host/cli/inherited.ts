// What this program was given by whoever started it besides its input and outputs is not for those that it starts in its place. Node keeps the lowest of
// them to itself (libuv stops at the first gap from 16 on); the others are closed here. Main thread.

import { closeSync, readdirSync, readFileSync } from "node:fs";

const STDERR = 2;
/** O_CLOEXEC as proc(5) has it, octal, on every machine that Node is made for. */
const CLOSES_ON_EXEC = 0o2000000;

/** Closes every descriptor above 2 that a program started from here would have. Node's own are none of them. */
export function closeInherited(): void {
  for (const name of readdirSync("/proc/self/fd")) {
    if (Number(name) <= STDERR || !isPassedOn(name)) continue;
    closeSync(Number(name));
  }
}

/** False for one that is gone by now: the listing's own. */
function isPassedOn(name: string): boolean {
  try {
    const [, flags] = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${name}`, "latin1")) ?? [];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSES_ON_EXEC) === 0;
  } catch {
    return false;
  }
}
