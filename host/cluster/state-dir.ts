// What a node keeps on disk of its membership, 0700: node.json (who it is), ca.pem, cert.pem, key.pem, and on managers ca.key. Each file is
// replaced in one step. `restored` is what a restored cluster's store shall begin with (backup.ts), until it has. `node.json` is written last: without it, this host is no member, whatever else is here. Main thread.

import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Role } from "../model/cluster/records.ts";
import { messageOf, OperationError } from "../model/errors.ts";
import { replaceFile, syncDirectory } from "../sys/replace-file.ts";
import { LOCK_FILE, lockDirectory } from "./lock.ts";

/** `node.json`. */
export interface NodeState {
  id: string;
  name: string;
  clusterId: string;
  role: Role;
  /** HOST:PORT of the managers that it knew last. */
  managers: string[];
  vtep: string;
  /** Grows with each start. */
  incarnation: number;
  /** A manager that has not yet put its cluster (a new one, or `restored`) into the store. */
  founding?: boolean;
  /** Everything here is given back, and managers are asked to forget this node. */
  leaving?: boolean;
}

const FILES = {
  node: "node.json",
  authority: "ca.pem",
  certificate: "cert.pem",
  key: "key.pem",
  authorityKey: "ca.key",
  restored: "restored",
} as const;

export class StateDir {
  readonly path: string;
  readonly #unlock: () => void;
  /** What was made for it: the topmost directory, and the lock. */
  readonly #made: { directory: string | null; lock: boolean };

  private constructor(path: string, made: string | null) {
    this.path = path;
    this.#made = { directory: made, lock: !existsSync(join(path, LOCK_FILE)) };
    this.#unlock = lockDirectory(path);
  }

  /** Makes it if it is not there, and takes its lock. Throws OperationError. */
  static open(path: string): StateDir {
    let made: string | null;
    try {
      made = mkdirSync(path, { recursive: true, mode: 0o700 }) ?? null;
      chmodSync(path, 0o700);
    } catch (error) {
      throw new OperationError(`state directory ${path}: ${messageOf(error)}`, { cause: error });
    }
    return new StateDir(path, made);
  }

  /** null when this host is no member. Throws OperationError when the file is damaged. */
  node(): NodeState | null {
    const text = this.#read("node");
    return text === null ? null : parseNode(text, join(this.path, FILES.node));
  }

  writeNode(node: NodeState): void {
    this.#write("node", `${JSON.stringify(node, null, 2)}\n`);
  }

  /** A start: what was written, one incarnation further. null when this host is no member. */
  nextIncarnation(): NodeState | null {
    const node = this.node();
    if (!node) return null;
    const next = { ...node, incarnation: node.incarnation + 1 };
    this.writeNode(next);
    return next;
  }

  /** PEM, or null: each of the files. */
  authority(): string | null {
    return this.#read("authority");
  }

  certificate(): string | null {
    return this.#read("certificate");
  }

  key(): string | null {
    return this.#read("key");
  }

  authorityKey(): string | null {
    return this.#read("authorityKey");
  }

  restored(): string | null {
    return this.#read("restored");
  }

  writeAuthority(pem: string): void {
    this.#write("authority", pem);
  }

  writeCertificate(pem: string): void {
    this.#write("certificate", pem);
  }

  writeKey(pem: string): void {
    this.#write("key", pem);
  }

  removeKey(): void {
    rmSync(join(this.path, FILES.key), { force: true });
  }

  writeAuthorityKey(pem: string): void {
    this.#write("authorityKey", pem);
  }

  writeRestored(text: string): void {
    this.#write("restored", text);
  }

  removeRestored(): void {
    rmSync(join(this.path, FILES.restored), { force: true });
    syncDirectory(this.path);
  }

  /** Whether there is nothing in it but what a join, a founding or a restore leaves behind that was cut short. */
  unused(): boolean {
    const own: string[] = Object.values(FILES).flatMap((name) => [name, `${name}.new`]);
    return this.node() === null && this.#entries().every((name) => own.includes(name));
  }

  /** No member any more. `node.json` goes first: a crash between leaves no half of a member. `keep`: a file that stays. */
  forget(keep?: "key"): void {
    for (const [which, name] of Object.entries(FILES)) if (which !== keep) rmSync(join(this.path, name), { force: true });
  }

  /** What was made for it and has remained empty goes again. */
  close(): void {
    try {
      if (this.#made.lock && this.#entries().length === 0) this.#remove();
    } catch {
      // Another one begins with it just now: it is that one's.
    } finally {
      this.#unlock();
    }
  }

  #remove(): void {
    rmSync(join(this.path, LOCK_FILE));
    const { directory } = this.#made;
    for (let path = this.path; directory !== null && path.startsWith(directory); path = dirname(path)) rmdirSync(path);
  }

  #entries(): string[] {
    return readdirSync(this.path).filter((name) => name !== LOCK_FILE);
  }

  #read(which: keyof typeof FILES): string | null {
    const file = join(this.path, FILES[which]);
    try {
      return readFileSync(file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw new OperationError(`${file}: ${messageOf(error)}`, { cause: error });
    }
  }

  #write(which: keyof typeof FILES, text: string): void {
    replaceFile(join(this.path, FILES[which]), text);
  }
}

/** Throws OperationError that names the field. What it does not know it keeps: a newer weft may have written it. */
export function parseNode(text: string, place: string): NodeState {
  const damaged = (what: string, cause?: unknown) => new OperationError(`${place}: damaged: ${what}`, { cause });
  let node: Partial<NodeState> | null;
  try {
    node = JSON.parse(text);
  } catch (error) {
    throw damaged("not JSON", error);
  }
  if (typeof node !== "object" || node === null) throw damaged("not an object");
  for (const field of ["id", "name", "clusterId", "vtep"] as const) {
    if (typeof node[field] !== "string" || node[field] === "") throw damaged(`${field} is missing`);
  }
  if (node.role !== "worker" && node.role !== "manager") throw damaged("role is neither worker nor manager");
  if (!Number.isSafeInteger(node.incarnation)) throw damaged("incarnation is not a number");
  if (!Array.isArray(node.managers) || !node.managers.every((manager) => typeof manager === "string")) {
    throw damaged("managers is not a list of HOST:PORT");
  }
  return node as NodeState;
}
