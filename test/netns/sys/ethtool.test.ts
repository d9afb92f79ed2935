import { afterAll, beforeAll, expect, test } from "vitest";
import { ipBatch, run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { describeNetns } from "../needs.ts";

describeNetns("the features of a device", ["ethtool"], () => {
  let lab: Lab;
  let netns: string;
  beforeAll(async () => {
    lab = await Lab.open();
    netns = await lab.namespace("a");
    await ipBatch(["link add v0 type veth peer v1"], netns);
  });
  afterAll(() => lab?.close());

  const active = async (device: string): Promise<string[]> => {
    const script = `
      const { activeFeatures } = await import(${JSON.stringify(new URL("../../../host/sys/ethtool.ts", import.meta.url).href)});
      try { console.log(JSON.stringify([...activeFeatures("${device}")])); } catch (error) { console.log(JSON.stringify([error.message])); }`;
    return JSON.parse(await run([process.execPath, "--input-type=module", "-e", script], { netns })) as string[];
  };
  /** By ethtool(8), which gives some features other names, and groups. */
  const report = async (device: string) => {
    const text = await run(["ethtool", "-k", device], { netns });
    return [...text.matchAll(/^\s*(tx-[\w-]+|rx-[\w-]+): on/gm)]
      .map(([, name]) => name)
      .filter((name) => /tnl|udp-seg|gre|list/.test(name));
  };

  test("are those that ethtool names, before and after a change", async () => {
    const before = await active("v0");
    expect(before).toContain("tx-udp_tnl-segmentation");
    expect(before).toEqual(expect.arrayContaining(await report("v0")));
    await run(["ethtool", "-K", "v0", "tx-udp_tnl-segmentation", "off", "tx-udp-segmentation", "off"], { netns });
    const after = await active("v0");
    expect(before.filter((name) => !after.includes(name)).sort()).toEqual(["tx-udp-segmentation", "tx-udp_tnl-segmentation"]);
    expect(after).toEqual(expect.arrayContaining(await report("v0")));
  });

  test("of none are an error that names it", async () => {
    expect(await active("nosuch")).toEqual([expect.stringMatching(/^ioctl SIOCETHTOOL nosuch: .*\(ENODEV\)$/)]);
  });
});
