// Whether a group of tests can run where it is: root, /dev/net/tun, the programs that it drives. If not, it becomes one skipped test that says why.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, test } from "vitest";

const ALWAYS = ["ip", "ping"];
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"];

function installed(program: string): boolean {
  return [...(process.env.PATH ?? "").split(delimiter), ...SYSTEM_FOLDERS].some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Why tests that make namespaces and drive `programs` cannot run; null = they can. */
export function obstacle(programs: readonly string[]): string | null {
  if (process.getuid?.() !== 0) return "needs root, to make network namespaces";
  try {
    accessSync("/dev/net/tun", constants.R_OK | constants.W_OK);
  } catch {
    return "needs /dev/net/tun";
  }
  const absent = [...ALWAYS, ...programs].filter((program) => !installed(program));
  return absent.length === 0 ? null : `needs ${absent.join(", ")} (scripts/debian.ts knows the packages)`;
}

/** A group of tests that needs root, namespaces and some programs. */
export function describeNetns(name: string, programs: readonly string[], body: () => void): void {
  const why = obstacle(programs);
  if (why === null) describe(name, body);
  else test(name, (context) => context.skip(why));
}
