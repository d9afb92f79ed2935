// Takes a unix socket's path for a server: its directory is made, the socket is readable by its owner alone, and what a killed
// agent left behind is removed once nobody answers there. Main thread, at start.

import { chmodSync, lstatSync, mkdirSync, unlinkSync } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { messageOf, OperationError } from "../model/errors.ts";

const SOCKET_MODE = 0o600;
const SOCKET_UMASK = 0o177;
const DIRECTORY_MODE = 0o755;
/** An agent that lives accepts at once: the kernel does it for it. */
const CONNECT_MS_MAX = 2000;

/** Listens at `path`. Rejects with OperationError when another agent serves it or it cannot be had. */
export async function listenAt(server: Server, path: string): Promise<void> {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
    await listen(server, path).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "EADDRINUSE") throw error;
      await removeStale(path);
      await listen(server, path);
    });
    chmodSync(path, SOCKET_MODE);
  } catch (cause) {
    if (cause instanceof OperationError) throw cause;
    throw new OperationError(`socket ${path}: cannot listen: ${messageOf(cause)}`, { cause });
  }
}

/** Removes a socket that nobody serves. Throws OperationError for anything else. */
async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path);
  if (!found.isSocket())
    throw new OperationError(`socket ${path}: there is something that is not a socket; remove it or set socket to another path`);
  if (await isServed(path)) throw new OperationError(`socket ${path}: already served by a running agent`);
  // Another agent that starts now may have put its own in place.
  const now = lstatSync(path, { throwIfNoEntry: false });
  if (now !== undefined && now.ino === found.ino) unlinkSync(path);
}

/** False only when the kernel says that nobody listens. */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (served: boolean) => {
      socket.destroy();
      resolve(served);
    };
    socket.setTimeout(CONNECT_MS_MAX, () => settle(true));
    socket.on("connect", () => settle(true));
    socket.on("error", (error: NodeJS.ErrnoException) => settle(error.code !== "ECONNREFUSED" && error.code !== "ENOENT"));
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    // Node binds within listen(), so the socket is never there with wider rights.
    const umask = process.umask(SOCKET_UMASK);
    try {
      server.listen(path, () => {
        server.off("error", reject);
        resolve();
      });
    } finally {
      process.umask(umask);
    }
  });
}
