import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EventFd } from "../../../host/sys/eventfd.ts";
import { closeFd } from "../../../host/sys/fd.ts";
import { type PeerCredentials, peerCredentials } from "../../../host/sys/peer-credentials.ts";

const NOBODY = 65534;

/** What is known of whoever `connecting` lets connect. */
async function whoConnects(connecting: (path: string) => void): Promise<PeerCredentials> {
  const directory = mkdtempSync(join(tmpdir(), "weft-peer-"));
  const path = join(directory, "socket");
  const server = createServer();
  try {
    chmodSync(directory, 0o755);
    await new Promise<void>((done) => server.listen(path, done));
    chmodSync(path, 0o666);
    const accepted = new Promise<Socket>((done) => server.once("connection", done));
    connecting(path);
    const socket = await accepted;
    const known = peerCredentials((socket as unknown as { _handle: { fd: number } })._handle.fd);
    socket.destroy();
    return known;
  } finally {
    await new Promise((done) => server.close(done));
    rmSync(directory, { recursive: true });
  }
}

test("this process is who it is", async () => {
  const known = await whoConnects((path) => connect(path).on("error", () => {}));
  expect(known).toEqual({ pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() });
});

test.skipIf(process.getuid?.() !== 0)("another user is another user (needs root)", async () => {
  const code = "require('net').connect(process.argv[1]).on('error', () => {}).on('close', () => process.exit())";
  let pid: number | undefined;
  const known = await whoConnects((path) => {
    pid = spawn(process.execPath, ["-e", code, path], { uid: NOBODY, gid: NOBODY, cwd: "/", stdio: "ignore" }).pid;
  });
  expect(known).toEqual({ pid, uid: NOBODY, gid: NOBODY });
});

test("what is no socket is told", () => {
  const { fd } = new EventFd();
  expect(() => peerCredentials(fd)).toThrow(/^getsockopt SO_PEERCRED of fd \d+: .*\(ENOTSOCK\)$/);
  closeFd(fd);
});
