// One file with all that a cluster is: its state at one revision, the CA with its key, and who the manager is that wrote it. Whoever reads it
// can become any node: 0600.
//
//   weft-backup 1 <SHA-256 of all that follows, hex>
//   {"createdAt":…,"clusterId":…,"node":{…},"authority":…,"authorityKey":…,"key":…,"entries":N}
//   ["/weft/v1/address/…","{…}"]
//   … N lines
//
// What hangs on a lease is left out: it is about who lives, and addresses that rest. Main thread.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { CLUSTER_KEY, ROOT } from "../model/cluster/keys.ts";
import type { Store } from "../model/cluster/store.ts";
import { messageOf, OperationError } from "../model/errors.ts";
import { replaceFile } from "../sys/replace-file.ts";
import { type NodeState, parseNode, type StateDir } from "./state-dir.ts";

const MAGIC = "weft-backup";
const VERSION = "1";

export interface BackupHead {
  createdAt: string;
  clusterId: string;
  node: NodeState;
  /** PEM. */
  authority: string;
  authorityKey: string;
  key: string;
  entries: number;
}

export interface Backup {
  head: BackupHead;
  /** A line `[key,value]` for each entry. */
  lines: string[];
}

/** Answers the file's size in bytes. Throws OperationError, or StoreError. */
export async function writeBackup(store: Store, state: StateDir, file: string, now: number): Promise<number> {
  const [node, authority, authorityKey, key] = [state.node(), state.authority(), state.authorityKey(), state.key()];
  if (!node || authority === null || authorityKey === null || key === null) {
    throw new OperationError("only a manager can write a backup: it has the CA's key");
  }
  const { entries } = await store.list(ROOT);
  if (!entries.some((entry) => entry.key === CLUSTER_KEY)) throw new OperationError("the store has no cluster in it: nothing to back up");
  const kept = entries.filter(({ lease }) => lease === "0");
  const head: BackupHead = {
    createdAt: new Date(now).toISOString(),
    clusterId: node.clusterId,
    node,
    authority,
    authorityKey,
    key,
    entries: kept.length,
  };
  const lines = kept.map((entry) => JSON.stringify([entry.key, entry.value]));
  const body = `${[JSON.stringify(head), ...lines].join("\n")}\n`;
  const bytes = Buffer.from(`${MAGIC} ${VERSION} ${hashOf(body)}\n${body}`);
  replaceFile(file, bytes);
  return bytes.length;
}

/** Throws OperationError that names the file and what is wrong with it. */
export function readBackup(file: string): Backup {
  const refused = (why: string, cause?: unknown) => new OperationError(`${file}: ${why}`, { cause });
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw refused(messageOf(error), error);
  }
  const end = text.indexOf("\n");
  const [magic, version, hash] = text.slice(0, Math.max(end, 0)).split(" ");
  if (magic !== MAGIC) throw refused("not a backup of weft");
  if (version !== VERSION) throw refused(`a backup of version ${version}, and this weft knows ${VERSION}`);
  const body = text.slice(end + 1);
  if (hashOf(body) !== hash) throw refused("damaged (its checksum does not fit)");
  const [first, ...lines] = body.trimEnd().split("\n");
  const head = readHead(first, file);
  if (head.entries !== lines.length) throw refused(`damaged (${lines.length} entries, not ${head.entries})`);
  const foreign = lines.findIndex((line) => !isEntry(line));
  if (foreign >= 0) throw refused(`not a backup of weft (line ${foreign + 3} is no entry of a cluster)`);
  return { head, lines };
}

/** The checksum fits: whoever made it was weft, or meant it. */
function readHead(text: string, file: string): BackupHead {
  try {
    const head: BackupHead = JSON.parse(text);
    parseNode(JSON.stringify(head.node), file);
    if ([head.authority, head.authorityKey, head.key].some((pem) => typeof pem !== "string")) throw new Error("keys are missing");
    return head;
  } catch (error) {
    throw new OperationError(`${file}: not a backup of weft (its head cannot be read)`, { cause: error });
  }
}

/** What lies outside a cluster is somebody else's, in an etcd that others use too. */
function isEntry(line: string): boolean {
  try {
    const entry: unknown = JSON.parse(line);
    return Array.isArray(entry) && entry.length === 2 && entry.every((part) => typeof part === "string") && entry[0].startsWith(ROOT);
  } catch {
    return false;
  }
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
