import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { netnsId } from "../../../host/netdev/netns-path.ts";
import { makeNamespace, removeNamespace, repinNamespace, sandboxPath } from "../../../host/sandbox/namespace.ts";
import { attempt, run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { eventually } from "../../../lab/wait.ts";
import { describeNetns } from "../needs.ts";

describeNetns("a container's namespace", [], () => {
  let lab: Lab;
  let id: string;
  let path: string;
  let name: string;
  beforeAll(async () => {
    lab = await Lab.open();
  });
  beforeEach(() => {
    id = randomBytes(32).toString("hex");
    path = sandboxPath(id);
    name = `weft-${id.slice(0, 12)}`;
  });
  afterEach(() => removeNamespace(id));
  afterAll(() => lab?.close());

  test("is made, made again without harm, and removed, also twice", async () => {
    await makeNamespace(id);
    expect(path).toBe(`/run/netns/${name}`);
    const inode = netnsId(path);
    await makeNamespace(id);
    expect(netnsId(path)).toBe(inode);
    await removeNamespace(id);
    await removeNamespace(id);
    expect(existsSync(path)).toBe(false);
  });

  test("is removed by several at once", async () => {
    for (let round = 0; round < 5; round++) {
      await makeNamespace(id);
      await Promise.all([removeNamespace(id), removeNamespace(id), removeNamespace(id)]);
      expect(existsSync(path)).toBe(false);
    }
  });

  test("has loopback, IPv6 without duplicate address detection, and listens to no router", async () => {
    await makeNamespace(id);
    await run(["ping", "-c1", "-W1", "::1"], { netns: name });
    await run(["ping", "-c1", "-W1", "127.0.0.1"], { netns: name });
    await run(["ip", "tuntap", "add", "mode", "tap", "name", "eth0"], { netns: name });
    const conf = "/proc/sys/net/ipv6/conf/eth0";
    const values = await run(["cat", `${conf}/disable_ipv6`, `${conf}/accept_dad`, `${conf}/accept_ra`, `${conf}/autoconf`], {
      netns: name,
    });
    expect(values.trim().split("\n")).toEqual(["0", "0", "0", "0"]);
  });

  test("is not made any more once who makes it was killed, and what is left of it is removed", async () => {
    const bin = join(lab.directory, "bin");
    const begun = join(lab.directory, "begun");
    mkdirSync(bin);
    writeFileSync(join(bin, "ip"), `#!/bin/sh\ntouch ${begun} ${path}\nread wait < ${bin}/go\n`, { mode: 0o755 });
    await run(["mkfifo", join(bin, "go")]);
    const module = JSON.stringify(new URL("../../../host/sandbox/namespace.ts", import.meta.url).href);
    const maker = spawn(
      process.execPath,
      ["--input-type=module", "-e", `const { makeNamespace } = await import(${module}); await makeNamespace("${id}");`],
      { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, PATH: `${bin}:${process.env.PATH}` } },
    );
    try {
      await eventually("it to be begun", () => existsSync(begun));
      const [child] = readFileSync(`/proc/${maker.pid}/task/${maker.pid}/children`, "utf8").split(" ");
      maker.kill("SIGKILL");
      await eventually("its ip to be gone as well", () => !existsSync(`/proc/${child}`));
    } finally {
      maker.kill("SIGKILL");
    }
    await removeNamespace(id);
    expect(existsSync(path)).toBe(false);
  });

  test("is made in place of a file that is left over", async () => {
    await run(["mkdir", "-p", "/run/netns"]);
    writeFileSync(path, "");
    await makeNamespace(id);
    expect(() => netnsId(path)).not.toThrow();
    await run(["umount", path]);
    await removeNamespace(id);
    expect(existsSync(path)).toBe(false);
  });

  test("gets its name back while a process is in it", async () => {
    await makeNamespace(id);
    const inode = netnsId(path);
    const inside = lab.spawn(["sleep", "60"], { netns: name });
    await expect.poll(async () => (await attempt(["ip", "netns", "pids", name])).stdout.trim()).toBe(String(inside.pid));
    await repinNamespace(id, inside.pid);
    await run(["umount", path]);
    expect(() => netnsId(path)).toThrow();
    await repinNamespace(id, inside.pid);
    expect(netnsId(path)).toBe(inode);
    await inside.kill();
  });
});
