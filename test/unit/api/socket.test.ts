import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { listenAt } from "../../../host/api/socket.ts";

let directory: string;
const servers: Server[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-api-"));
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
  rmSync(directory, { recursive: true });
});

async function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.on("error", () => {}).end("here"));
  await listenAt(server, path);
  servers.push(server);
  return server;
}

/** Leaves a socket as a killed agent does: bound, and nobody there. */
async function leaveStale(path: string): Promise<void> {
  const code = 'require("net").createServer().listen(process.argv[1], () => console.log("up"))';
  const child = spawn(process.execPath, ["-e", code, path], { stdio: ["ignore", "pipe", "inherit"] });
  const gone = new Promise((done) => child.on("close", done));
  await new Promise((done) => child.stdout.once("data", done));
  child.kill("SIGKILL");
  await gone;
}

describe("the API's socket", () => {
  test("its directory is made and only the owner may open it", async () => {
    const path = join(directory, "run", "weft", "weft.sock");
    const before = process.umask();
    await listen(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, "run", "weft")).mode & 0o777).toBe(0o755 & ~before);
    expect(process.umask()).toBe(before);
  });

  test("what a killed agent left is taken over", async () => {
    const path = join(directory, "weft.sock");
    await leaveStale(path);
    expect(existsSync(path)).toBe(true);
    await listen(path);
    expect(statSync(path).isSocket()).toBe(true);
  });

  test("a running agent is left alone", async () => {
    const path = join(directory, "weft.sock");
    await listen(path);
    await expect(listenAt(createServer(), path)).rejects.toThrow(`socket ${path}: already served by a running agent`);
    expect(existsSync(path)).toBe(true);
  });

  test("what is no socket is not removed", async () => {
    const path = join(directory, "weft.sock");
    writeFileSync(path, "precious");
    await expect(listenAt(createServer(), path)).rejects.toThrow(`socket ${path}: there is something that is not a socket`);
    expect(statSync(path).size).toBe(8);
  });

  test("a directory that cannot be made is one line", async () => {
    const file = join(directory, "file");
    writeFileSync(file, "");
    chmodSync(file, 0o600);
    await expect(listenAt(createServer(), join(file, "weft.sock"))).rejects.toThrow(
      /^socket .*file\/weft\.sock: cannot listen: (not a directory|file already exists)$/,
    );
  });

  test("the socket goes with the server", async () => {
    const path = join(directory, "weft.sock");
    const server = await listen(path);
    servers.length = 0;
    await new Promise((done) => server.close(done));
    expect(existsSync(path)).toBe(false);
  });
});
