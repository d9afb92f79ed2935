import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { AF_UNIX, EAGAIN, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from "../../../host/sys/constants.ts";
import { check } from "../../../host/sys/errno.ts";
import { closeFd } from "../../../host/sys/fd.ts";
import { addressOf, bind, errno, read, socket } from "../../../host/sys/libc.ts";
import { notifySystemd } from "../../../host/sys/sd-notify.ts";

const directory = mkdtempSync(join(tmpdir(), "weft-notify-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** The service manager's end. */
function listen(path: string): number {
  const name = Buffer.from(path);
  if (path.startsWith("@")) name[0] = 0;
  const fd = check(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket", path);
  check(bind(fd, Uint8Array.of(AF_UNIX, 0, ...name), 2 + name.length), "bind", path);
  return fd;
}

function next(fd: number): string | null {
  const buffer = new ArrayBuffer(4096);
  const length = read(fd, addressOf(buffer), buffer.byteLength);
  if (length === -1) {
    expect(errno()).toBe(EAGAIN);
    return null;
  }
  return Buffer.from(buffer, 0, length).toString();
}

describe("notifySystemd", () => {
  test.each([join(directory, "notify"), `@weft-test-${process.pid}`])("reaches %s", (path) => {
    const manager = listen(path);
    expect(notifySystemd("READY=1\nSTATUS=forwarding", path)).toBe(true);
    expect(next(manager)).toBe("READY=1\nSTATUS=forwarding");
    expect(next(manager)).toBe(null);
    closeFd(manager);
  });

  test("does nothing without a service manager", () => {
    expect(process.env.NOTIFY_SOCKET).toBeUndefined();
    expect(notifySystemd("READY=1")).toBe(false);
    expect(notifySystemd("READY=1", "")).toBe(false);
  });

  test("says where it could not be delivered", () => {
    const path = join(directory, "nobody");
    expect(() => notifySystemd("READY=1", path)).toThrow(`sendto NOTIFY_SOCKET ${path}: No such file or directory (ENOENT)`);
    expect(() => notifySystemd("READY=1", "relative")).toThrow("neither an absolute path nor an abstract name");
    expect(() => notifySystemd("READY=1", `/${"x".repeat(200)}`)).toThrow("at most 108 bytes");
  });

  test("reads $NOTIFY_SOCKET, as systemd sets it", async () => {
    const path = join(directory, "environment");
    const manager = listen(path);
    const module = new URL("../../../host/sys/sd-notify.ts", import.meta.url);
    const script = `const { notifySystemd } = await import(${JSON.stringify(module.href)}); process.exit(notifySystemd("READY=1") ? 0 : 1);`;
    const child = execFile(process.execPath, ["--input-type=module", "-e", script], { env: { ...process.env, NOTIFY_SOCKET: path } });
    const [code] = await once(child, "exit");
    expect(code).toBe(0);
    expect(next(manager)).toBe("READY=1");
    closeFd(manager);
  });
});
