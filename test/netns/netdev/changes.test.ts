import { expect, test } from "vitest";
import { run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { describeNetns } from "../needs.ts";

describeNetns("what may change injection is heard", ["nft"], () => {
  test("paths, neighbours and policies, each by itself", async () => {
    await using lab = await Lab.open();
    const netns = await lab.namespace("a");
    const script = `
      import { execFileSync } from "node:child_process";
      const { HostChanges, pathChanges } = await import(${JSON.stringify(new URL("../../../host/netdev/changes.ts", import.meta.url).href)});
      const changes = new HostChanges();
      const paths = pathChanges();
      const after = (command) => {
        if (command) execFileSync("sh", ["-c", command]);
        return [changes.paths(), changes.neighbors(), changes.policies(), paths.changed()];
      };
      const heard = [
        "",
        "ip link add v0 type veth peer v1 && ip link set v0 up && ip link set v1 up",
        "ip address add 192.0.2.1/24 dev v0",
        "ip neighbor add 192.0.2.2 lladdr 02:00:00:00:00:01 dev v0",
        "ip -6 rule add from 2001:db8::1 table 100",
        "ip xfrm policy add src 192.0.2.1 dst 192.0.2.2 dir out action block",
        "ip xfrm policy flush",
        "nft add table inet t",
        "",
      ].map(after);
      changes.close();
      paths.close();
      console.log(JSON.stringify(heard));`;
    const [nothing, link, address, neighbor, rule, added, flushed, table, quiet] = JSON.parse(
      await run([process.execPath, "--input-type=module", "-e", script], { netns }),
    ) as boolean[][];
    expect(nothing).toEqual([false, false, false, false]);
    for (const change of [link, address, rule]) expect([change[0], change[2], change[3]]).toEqual([true, false, true]);
    expect(neighbor).toEqual([false, true, false, false]);
    for (const change of [added, flushed, table]) expect(change[2]).toBe(true);
    expect(quiet).toEqual([false, false, false, false]);
  });
});
