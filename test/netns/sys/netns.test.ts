import { readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { enterNetns, isNetns, leaveNetns } from "../../../host/sys/netns.ts";
import { run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { describeNetns } from "../needs.ts";

const here = () => readlinkSync("/proc/thread-self/ns/net");
const idOf = (path: string) => `net:[${statSync(path).ino}]`;

describeNetns("the thread's namespace", [], () => {
  let lab: Lab;
  let paths: string[];
  beforeAll(async () => {
    lab = await Lab.open();
    paths = [`/run/netns/${await lab.namespace("a")}`, `/run/netns/${await lab.namespace("b")}`];
  });
  afterAll(() => lab?.close());

  test("is entered, changed and left", () => {
    const home = here();
    leaveNetns();
    expect(here()).toBe(home);
    try {
      for (const path of paths) {
        enterNetns(path);
        expect(here()).toBe(idOf(path));
      }
    } finally {
      leaveNetns();
    }
    expect(here()).toBe(home);
  });

  test("stays when the other cannot be entered", () => {
    const home = here();
    expect(() => enterNetns("/run/netns/no-such")).toThrow("open /run/netns/no-such: No such file or directory (ENOENT)");
    expect(() => enterNetns("/proc/self/ns/uts")).toThrow("setns /proc/self/ns/uts: Invalid argument (EINVAL)");
    expect(here()).toBe(home);
  });

  test("is told from other files and other namespaces", async () => {
    const file = join(lab.directory, "file");
    const pipe = join(lab.directory, "pipe");
    writeFileSync(file, "");
    await run(["mkfifo", pipe]);
    expect(isNetns(paths[0])).toBe(true);
    expect(isNetns("/proc/self/ns/net")).toBe(true);
    expect(isNetns("/proc/self/ns/uts")).toBe(false);
    expect(isNetns(file)).toBe(false);
    expect(isNetns(pipe)).toBe(false);
    expect(() => isNetns(join(lab.directory, "absent"))).toThrow("ENOENT");
  });
});
