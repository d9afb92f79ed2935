import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { needTunnelGso } from "../injecting.ts";
import { describeNetns } from "../needs.ts";

needTunnelGso(describeNetns, "an underlay TAP", [], () => {
  let lab: Lab;
  let netns: string;
  beforeAll(async () => {
    lab = await Lab.open();
    netns = await lab.namespace("a");
  });
  afterAll(() => lab?.close());

  /** Runs a script in the namespace with openTunnelTap at hand. */
  const inside = (script: string) => {
    const module = (path: string) => JSON.stringify(new URL(`../../../${path}`, import.meta.url).href);
    const imports = `
      import { readdirSync } from "node:fs";
      import { execFileSync } from "node:child_process";
      const { openTunnelTap } = await import(${module("host/sys/tunnel-tap.ts")});
      const { closeFd } = await import(${module("host/sys/fd.ts")});
      const links = () => JSON.parse(execFileSync("ip", ["-json", "link"], { encoding: "utf8" })).map(({ ifname }) => ifname);`;
    return run([process.execPath, "--input-type=module", "-e", imports + script], { netns });
  };

  test("is there while its descriptor is, with a name from the kernel; several can be", async () => {
    const said = await inside(`
      const taps = [openTunnelTap(), openTunnelTap()];
      const before = links();
      closeFd(taps[0].fd);
      console.log(JSON.stringify({ names: taps.map(({ name }) => name), before, after: links() }));`);
    const { names, before, after } = JSON.parse(said);
    expect(names).toEqual(["weftu0", "weftu1"]);
    expect(before).toEqual(expect.arrayContaining(names));
    expect(after).not.toContain("weftu0");
    expect(after).toContain("weftu1");
  });

  test("goes with its process, however that ends", async () => {
    await inside(`openTunnelTap(); process.kill(process.pid, "SIGKILL");`).catch(() => {});
    expect(await run(["ip", "-br", "link"], { netns })).not.toContain("weftu");
  });

  test("one that this user may not make is an error with the place, and leaves nothing", async () => {
    const said = await inside(`
      const before = readdirSync("/proc/self/fd").length;
      process.setgid(65534);
      process.setuid(65534);
      try { openTunnelTap(); } catch (error) { console.log([error.message, readdirSync("/proc/self/fd").length - before].join(" ")); }`);
    expect(said).toMatch(/(TUNSETIFF|open) \S+.* 0$/m);
  });
});
