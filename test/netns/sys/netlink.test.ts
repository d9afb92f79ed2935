import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { describeNetns } from "../needs.ts";

describeNetns("a listener for changes", [], () => {
  let lab: Lab;
  let netns: string;
  beforeAll(async () => {
    lab = await Lab.open();
    netns = await lab.namespace("a");
  });
  afterAll(() => lab?.close());

  /** Runs a script in the namespace, where sh() changes it. */
  const inside = async (script: string) => {
    const module = (path: string) => JSON.stringify(new URL(`../../../${path}`, import.meta.url).href);
    const program = `
      import { execFileSync } from "node:child_process";
      import { readdirSync } from "node:fs";
      const { NetlinkListener } = await import(${module("host/sys/netlink.ts")});
      const k = await import(${module("host/sys/constants.ts")});
      const sh = (command) => execFileSync("sh", ["-c", command]);
      ${script}`;
    return JSON.parse(await run([process.execPath, "--input-type=module", "-e", program], { netns })) as unknown;
  };

  test("hears what its groups are about, once, and nothing else", async () => {
    const heard = await inside(`
      const links = new NetlinkListener(k.NETLINK_ROUTE, k.RTMGRP_LINK);
      const routes = new NetlinkListener(k.NETLINK_ROUTE, k.RTMGRP_IPV4_ROUTE);
      const heard = [[links.changed(), routes.changed()]];
      sh("ip link add v0 type veth peer v1");
      heard.push([links.changed(), routes.changed()], [links.changed(), routes.changed()]);
      sh("ip link set v0 up && ip route add 192.0.2.0/24 dev lo");
      heard.push([links.changed(), routes.changed()], [links.changed(), routes.changed()]);
      console.log(JSON.stringify(heard));`);
    expect(heard).toEqual([
      [false, false],
      [true, false],
      [false, false],
      [true, true],
      [false, false],
    ]);
  });

  test("hears that there was more than it could keep", async () => {
    const heard = await inside(`
      const routes = new NetlinkListener(k.NETLINK_ROUTE, k.RTMGRP_IPV4_ROUTE);
      const lines = Array.from({ length: 5000 }, (_, i) => "route add 198.18." + (i >> 8) + "." + (i & 255) + "/32 dev lo").join("\\n");
      execFileSync("ip", ["link", "set", "lo", "up"]);
      execFileSync("ip", ["-batch", "-"], { input: lines });
      console.log(JSON.stringify([routes.changed(), routes.changed(), routes.changed()]));`);
    expect((heard as boolean[])[0]).toBe(true);
    expect((heard as boolean[])[2]).toBe(false);
  });

  test("a protocol that the kernel does not have is an error, and leaves nothing open", async () => {
    const said = await inside(`
      const count = () => readdirSync("/proc/self/fd").length;
      const before = count();
      let code;
      try { new NetlinkListener(30, 1); } catch (error) { code = error.code; }
      const listener = new NetlinkListener(k.NETLINK_ROUTE, k.RTMGRP_LINK);
      listener.close();
      console.log(JSON.stringify([code, count() - before]));`);
    expect(said).toEqual(["EPROTONOSUPPORT", 0]);
  });
});
