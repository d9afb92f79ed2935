// A container's network namespace: made before anything runs in it, by name under /run/netns, so that its interface can be there first. Main thread.

import { execFile } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { promisify } from "node:util";
import { messageOf, OperationError } from "../model/errors.ts";
import { ipBatch } from "../netdev/ip.ts";
import { netnsPath } from "../netdev/netns-path.ts";
import { inTurn } from "../sys/in-turn.ts";
import { isNetns } from "../sys/netns.ts";

const execute = promisify(execFile);
const TIMEOUT_MS = 30_000;
const ID_CHARACTERS = 12;

/** Loopback; IPv6 as far as the kernel has it. Addresses and routes come from the agent alone: no duplicate address detection, whose second of silence only
 * delays, and no router that some container plays. */
const SETTINGS = `
ip link set dev lo up
set_to() { [ ! -e "/proc/sys/net/ipv6/conf/$1" ] || echo "$2" > "/proc/sys/net/ipv6/conf/$1"; }
set_to all/disable_ipv6 0
set_to default/disable_ipv6 0
set_to default/accept_dad 0
set_to default/accept_ra 0
set_to default/autoconf 0
`;

function nameOf(id: string): string {
  return `weft-${id.slice(0, ID_CHARACTERS)}`;
}

/** Where a container's namespace is. */
export function sandboxPath(id: string): string {
  return netnsPath(nameOf(id));
}

/** Makes it; done when it is there. Rejects with OperationError. */
export async function makeNamespace(id: string): Promise<void> {
  const path = sandboxPath(id);
  try {
    if (!isThere(path)) {
      // A file that nothing is mounted on is left of a killed `ip`, or of a mount namespace that is gone.
      rmSync(path, { force: true });
      // The kernel may let it wait for seconds. Should this agent be killed meanwhile, the next one is not to look before it is made.
      await run("setpriv", ["--pdeathsig", "KILL", "ip", "netns", "add", nameOf(id)]);
    }
    await run("nsenter", [`--net=${path}`, "sh", "-ec", SETTINGS]);
  } catch (error) {
    throw new OperationError(`network namespace ${path}: ${messageOf((error as { stderr?: string }).stderr || error)}`, { cause: error });
  }
}

/** Gives it its name again, when that is lost (the agent's mount namespace was another) and a process in it still runs. Rejects with IpError. */
export async function repinNamespace(id: string, pid: number): Promise<void> {
  const path = sandboxPath(id);
  if (isThere(path)) return;
  rmSync(path, { force: true });
  await ipBatch([["netns", "attach", nameOf(id), String(pid)]]);
}

/** Removes it, with the interfaces in it unless somebody has one open; done when it is not there, whoever removed it. Rejects with IpError. */
export async function removeNamespace(id: string): Promise<void> {
  const path = sandboxPath(id);
  if (!isThere(path)) return rmSync(path, { force: true });
  try {
    await ipBatch([["netns", "delete", nameOf(id)]]);
  } catch (error) {
    // One that has ended is removed while it is discarded: both come here at once.
    if (existsSync(path)) throw error;
  }
}

function run(file: string, words: readonly string[]): Promise<unknown> {
  return inTurn(() => execute(file, words, { timeout: TIMEOUT_MS }));
}

function isThere(path: string): boolean {
  return existsSync(path) && isNetns(path);
}
