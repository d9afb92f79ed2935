// What injected packets would pass by, in a namespace that gets it piece by piece.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { queuesInTheWay } from "../../../host/netdev/bypassed.ts";
import { run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { describeNetns } from "../needs.ts";

describeNetns("what is in the way of injection", ["nft"], () => {
  let lab: Lab;
  let netns: string;
  beforeAll(async () => {
    lab = await Lab.open();
    netns = await lab.namespace("a");
  });
  afterAll(() => lab?.close());

  const ask = async (what: string, before = "") => {
    const script = `
      const b = await import(${JSON.stringify(new URL("../../../host/netdev/bypassed.ts", import.meta.url).href)});
      ${before}
      console.log(JSON.stringify(await b.${what}()));`;
    return JSON.parse(await run([process.execPath, "--input-type=module", "-e", script], { netns })) as string;
  };
  const nft = (command: string) => run(["nft", command], { netns });

  test("xfrm policies", async () => {
    expect(await ask("xfrmInTheWay")).toBe("");
    await run(["ip", "xfrm", "policy", "add", "src", "10.99.0.1", "dst", "10.99.0.2", "dir", "out", "action", "block"], { netns });
    expect(await ask("xfrmInTheWay")).toContain("xfrm policies");
    await run(["ip", "xfrm", "policy", "flush"], { netns });
  });

  test("chains on what is sent, once they have a rule or drop by default", async () => {
    expect(await ask("netfilterInTheWay")).toBe("");
    await nft("add table ip t");
    await nft("add chain ip t elsewhere { type filter hook input priority 0; policy drop; }");
    await nft("add chain ip t translating { type nat hook postrouting priority 100; policy accept; }");
    await nft("add rule ip t translating ip saddr 172.17.0.0/16 masquerade");
    await nft("add chain ip t called");
    await nft("add rule ip t called counter");
    await nft("add chain ip t sent { type filter hook output priority 0; policy accept; }");
    expect(await ask("netfilterInTheWay")).toBe("");
    await nft("add rule ip t sent jump called");
    expect(await ask("netfilterInTheWay")).toContain("nft list chain ip t sent");
    await nft("flush chain ip t sent");
    expect(await ask("netfilterInTheWay")).toBe("");
    await nft("add chain ip t sent { policy drop; }");
    expect(await ask("netfilterInTheWay")).toContain("nft list chain ip t sent");
    await nft("delete table ip t");
    await nft("add table bridge t");
    await nft("add chain bridge t sent { type filter hook output priority 0; policy drop; }");
    expect(await ask("netfilterInTheWay")).toBe("");
  });

  test("a host without nft: nobody knows", async () => {
    expect(await ask("netfilterInTheWay", `process.env.PATH = "/nonexistent";`)).toContain("nft is not installed");
  });

  test("several transmit queues that are not given to CPUs", () => {
    const folder = join(lab.directory, "net");
    const device = (name: string, queues: (string | null)[]) => {
      for (const [i, cpus] of queues.entries()) {
        mkdirSync(join(folder, name, "queues", `tx-${i}`), { recursive: true });
        if (cpus !== null) writeFileSync(join(folder, name, "queues", `tx-${i}`, "xps_cpus"), `${cpus}\n`);
      }
      return queuesInTheWay(name, folder);
    };
    expect(device("one", ["00000000"])).toBe("");
    expect(device("given", ["00000001", "00000000,00000002"])).toBe("");
    expect(device("open", ["00000000", "00000000"])).toContain("open has 2 transmit queues");
    expect(device("half", ["00000001", "00000000"])).toContain("half has 2");
    expect(device("unsaid", [null, null])).toContain("unsaid has 2");
    expect(queuesInTheWay("absent", folder)).toBe("");
  });
});
