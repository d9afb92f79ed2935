import { afterAll, beforeAll, expect, test } from "vitest";
import { OperationError } from "../../../host/model/errors.ts";
import { netnsId } from "../../../host/netdev/netns-path.ts";
import { freeInterface, isNetnsTarget, leadsTo, resolveTarget } from "../../../host/sandbox/target.ts";
import { ipBatch, run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { describeNetns } from "../needs.ts";

describeNetns("a namespace as a target", [], () => {
  let lab: Lab;
  let name: string;
  beforeAll(async () => {
    lab = await Lab.open();
    name = await lab.namespace("t");
  });
  afterAll(() => lab?.close());

  test("is named by its word", () => {
    expect(isNetnsTarget("netns:/run/netns/x")).toBe(true);
    expect(isNetnsTarget("web1")).toBe(false);
  });

  test("is the same by name, by path and by a process in it", async () => {
    const inside = lab.spawn(["sleep", "60"], { netns: name });
    const byName = resolveTarget(`netns:${name}`);
    expect(byName).toBe(`/run/netns/${name}`);
    expect(resolveTarget(`netns:/run/netns/${name}`)).toBe(byName);
    await expect.poll(() => netnsId(resolveTarget(`netns:/proc/${inside.pid}/ns/net`))).toBe(netnsId(byName));
    expect(leadsTo(`/proc/${inside.pid}/ns/net`, String(netnsId(byName)))).toBe(true);
    expect(leadsTo("/proc/self/ns/net", String(netnsId(byName)))).toBe(false);
    await inside.kill();
  });

  test("is not the agent's own", () => {
    for (const own of [`netns:/proc/${process.pid}/ns/net`, "netns:/proc/self/ns/net"]) {
      expect(() => resolveTarget(own)).toThrow(OperationError);
      expect(() => resolveTarget(own)).toThrow(/agent itself runs in/);
    }
  });

  test("must be there, and a network namespace", () => {
    expect(() => resolveTarget("netns:nonesuch")).toThrow(/\/run\/netns\/nonesuch is missing/);
    expect(() => resolveTarget("netns:/proc/self/ns/pid")).toThrow(/is not a network namespace/);
    expect(() => resolveTarget("netns:/etc/passwd")).toThrow(/is not a network namespace/);
    expect(() => resolveTarget("netns:")).toThrow(/give the namespace's path/);
  });

  test("gets the first ethN that is free and not promised", async () => {
    const path = resolveTarget(`netns:${name}`);
    expect(await freeInterface(path)).toBe("eth0");
    await ipBatch(["tuntap add mode tap name eth0", "tuntap add mode tap name eth2"], name);
    expect(await freeInterface(path)).toBe("eth1");
    expect(await freeInterface(path, new Set(["eth1"]))).toBe("eth3");
    await run(["ip", "link", "delete", "eth0"], { netns: name });
    expect(await freeInterface(path)).toBe("eth0");
  });
});
