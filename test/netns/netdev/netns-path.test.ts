import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { netnsId, netnsIs, netnsPath } from "../../../host/netdev/netns-path.ts";
import { run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { eventually } from "../../../lab/wait.ts";
import { describeNetns } from "../needs.ts";

test("a name lies under /run/netns, a path is itself", () => {
  expect(netnsPath("pcA")).toBe("/run/netns/pcA");
  expect(netnsPath("/proc/1/ns/net")).toBe("/proc/1/ns/net");
});

describeNetns("a namespace's identity", [], () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.open();
  });
  afterAll(() => lab?.close());

  test("is the same by every path, and another after it was made again", async () => {
    const name = await lab.namespace("a");
    const path = netnsPath(name);
    const id = netnsId(path);
    const inode = await run(["readlink", "/proc/self/ns/net"], { netns: name });
    expect(inode.trim()).toBe(`net:[${id}]`);
    expect(netnsIs(path, id)).toBe(true);
    expect(netnsIs("/proc/self/ns/net", id)).toBe(false);
    const pinned = lab.spawn(["sleep", "60"], { netns: name });
    await eventually("a process inside", () => netnsIs(`/proc/${pinned.pid}/ns/net`, id));
    await run(["umount", path]);
    expect(netnsIs(path, id)).toBe(false);
    await run(["mount", "--bind", `/proc/${pinned.pid}/ns/net`, path]);
    expect(netnsIs(path, id)).toBe(true);
  });

  test("is one clear line when there is none", () => {
    const file = join(lab.directory, "file");
    writeFileSync(file, "");
    expect(() => netnsId("/run/netns/no-such")).toThrow(
      "network namespace /run/netns/no-such is missing (make it with: ip netns add NAME)",
    );
    expect(() => netnsId(file)).toThrow(`${file} is not a network namespace`);
    expect(() => netnsId("/proc/self/ns/mnt")).toThrow("/proc/self/ns/mnt is not a network namespace");
    expect(() => netnsId(`${file}/below`)).toThrow(
      `network namespace ${file}/below cannot be opened: open ${file}/below: Not a directory (ENOTDIR)`,
    );
    expect(netnsIs("/run/netns/no-such", 1n)).toBe(false);
  });
});
