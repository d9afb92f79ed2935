import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { closeFd } from "../../../host/sys/fd.ts";
import { closeNetnsThread, deleteTapIn, openTapIn } from "../../../host/sys/netns-thread.ts";
import { keepTap } from "../../../host/sys/tap.ts";
import { attempt, run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { describeNetns } from "../needs.ts";

describeNetns("TAPs in other namespaces", [], () => {
  let lab: Lab;
  let names: string[];
  const fds: number[] = [];
  const path = (i: number) => `/run/netns/${names[i]}`;
  const exists = async (netns: string | undefined, name: string) => (await attempt(["ip", "link", "show", name], { netns })).code === 0;
  const open = async (i: number, name: string) => {
    const tap = await openTapIn(path(i), name);
    fds.push(tap.fd);
    return tap;
  };
  beforeAll(async () => {
    lab = await Lab.open();
    names = [await lab.namespace("a"), await lab.namespace("b")];
  });
  afterEach(() => {
    for (const fd of fds.splice(0)) closeFd(fd);
  });
  afterAll(async () => {
    await closeNetnsThread();
    await lab?.close();
  });

  test("open where they were asked for, and nowhere else", async () => {
    await open(0, "wtt0");
    expect([await exists(names[0], "wtt0"), await exists(names[1], "wtt0"), await exists(undefined, "wtt0")]).toEqual([true, false, false]);
  });

  test("many at once do not mix places", async () => {
    await Promise.all(Array.from({ length: 16 }, (_, i) => open(i % 2, `wtm${i}`)));
    const here = async (i: number) =>
      (await run(["ip", "-br", "link"], { netns: names[i] })).match(/wtm\d+/g)?.map((name) => Number(name.slice(3)));
    expect((await here(0))?.sort((a, b) => a - b)).toEqual([0, 2, 4, 6, 8, 10, 12, 14]);
    expect((await here(1))?.sort((a, b) => a - b)).toEqual([1, 3, 5, 7, 9, 11, 13, 15]);
  });

  test("deleting removes one that nobody holds", async () => {
    const { fd } = await openTapIn(path(0), "wtd0");
    keepTap(fd);
    closeFd(fd);
    expect(await exists(names[0], "wtd0")).toBe(true);
    await deleteTapIn(path(0), "wtd0");
    expect(await exists(names[0], "wtd0")).toBe(false);
    await deleteTapIn(path(0), "wtd0");
  });

  test("errors name call, device, namespace and reason; the next request is served", async () => {
    await expect(openTapIn("/run/netns/no-such", "wte0")).rejects.toMatchObject({
      name: "SysError",
      code: "ENOENT",
      message: "open /run/netns/no-such (network namespace /run/netns/no-such): No such file or directory (ENOENT)",
    });
    await expect(openTapIn(path(0), "lo")).rejects.toMatchObject({ code: "EINVAL", syscall: "TUNSETIFF" });
    await expect(openTapIn(path(0), "a-name-that-is-too-long")).rejects.toThrow("is no interface name: 1 to 15 bytes");
    expect((await open(0, "wte1")).offloads.tso).toBe(true);
  });

  test("a thread that ended is started again", async () => {
    await closeNetnsThread();
    await closeNetnsThread();
    await open(1, "wtr0");
    expect(await exists(names[1], "wtr0")).toBe(true);
  });

  test("keeps no process from ending", async () => {
    const module = new URL("../../../host/sys/netns-thread.ts", import.meta.url).href;
    const script = `const { openTapIn } = await import(${JSON.stringify(module)}); const tap = await openTapIn(${JSON.stringify(path(0))}, "wtx0"); console.log(tap.fd > 2);`;
    expect(await run([process.execPath, "--input-type=module", "-e", script], { timeoutMs: 20_000 })).toBe("true\n");
    expect(await exists(names[0], "wtx0")).toBe(false);
  });
});
