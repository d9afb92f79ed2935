import { afterAll, beforeAll, expect, test } from "vitest";
import { tc } from "../../../host/netdev/tc.ts";
import { run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { describeNetns } from "../needs.ts";

describeNetns("tc", [], () => {
  let lab: Lab;
  let netns: string;
  beforeAll(async () => {
    lab = await Lab.open();
    netns = await lab.namespace("x");
  });
  afterAll(() => lab?.close());

  test("in a namespace; what was refused is told with its line", async () => {
    const path = `/run/netns/${netns}`;
    await tc(["qdisc", "replace", "dev", "lo", "root", "pfifo", "limit", "7"], path);
    expect(await run(["tc", "qdisc", "show", "dev", "lo"], { netns })).toContain("limit 7p");
    await expect(tc(["qdisc", "show", "dev", "none"], path)).rejects.toThrow(
      `tc qdisc show dev none (network namespace ${path}): Cannot find device "none"`,
    );
  });
});
