import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OperationError } from "../../../host/model/errors.ts";
import { IpError, ipBatch, ipJson } from "../../../host/netdev/ip.ts";
import { Lab } from "../../../lab/lab.ts";
import { describeNetns } from "../needs.ts";

const MANY = 40;

/** Processes that this one has started and that have not ended. */
function ownChildren(): number {
  const threads = readdirSync("/proc/self/task");
  return threads.flatMap((thread) => readFileSync(`/proc/self/task/${thread}/children`, "utf8").split(" ").filter(Boolean)).length;
}

describeNetns("iproute2", [], () => {
  let lab: Lab;
  let path: string;
  beforeAll(async () => {
    lab = await Lab.open();
    path = `/run/netns/${await lab.namespace("a")}`;
  });
  afterAll(() => lab?.close());

  test("changes and reports a namespace, here or elsewhere", async () => {
    await ipBatch(
      [
        ["link", "add", "wti0", "type", "veth", "peer", "wti1"],
        ["link", "set", "dev", "wti0", "alias", "weft:blue"],
      ],
      path,
    );
    const links = await ipJson<{ ifname: string; ifalias?: string }[]>(["link", "show"], path);
    expect(links.map(({ ifname }) => ifname)).toEqual(["lo", "wti1", "wti0"]);
    expect(links[2].ifalias).toBe("weft:blue");
    const own = await ipJson<{ ifname: string }[]>(["link", "show"]);
    expect(own.some(({ ifname }) => ifname === "wti0")).toBe(false);
    expect(await ipJson(["route", "show"], path)).toEqual([]);
    await ipBatch([], path);
  });

  test("of many that are asked for at once, few run at a time", async () => {
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, ownChildren());
    }, 1);
    try {
      const all = await Promise.all(Array.from({ length: MANY }, () => ipJson(["link", "show"], path)));
      expect(all).toHaveLength(MANY);
    } finally {
      clearInterval(watch);
    }
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(MANY / 2);
  });

  test("a batch ends at the line that failed, and names it, the place and the reason", async () => {
    const lines = [
      ["link", "set", "dev", "lo", "up"],
      ["link", "set", "dev", "nope", "up"],
      ["link", "set", "dev", "lo", "down"],
    ];
    const error = await ipBatch(lines, path).catch((caught) => caught);
    expect(error).toBeInstanceOf(IpError);
    expect(error).toBeInstanceOf(OperationError);
    expect(error.message).toBe(`ip link set dev nope up (network namespace ${path}): Cannot find device "nope"`);
    expect(error.line).toBe("link set dev nope up");
    const [lo] = await ipJson<{ flags: string[] }[]>(["link", "show", "dev", "lo"], path);
    expect(lo.flags).toContain("UP");
  });

  test("a kernel's refusal is told without netlink's words", async () => {
    const error = await ipBatch([["address", "delete", "10.0.0.1/24", "dev", "lo"]], path).catch((caught) => caught);
    // The kernel's words differ between versions.
    expect(error.message).toBe(`ip address delete 10.0.0.1/24 dev lo (network namespace ${path}): ${error.reply}`);
    expect(error.reply).toMatch(/^(ipv4: Address not found\.|Cannot assign requested address)$/);
    await expect(ipJson(["link", "show", "dev", "nope"])).rejects.toThrow('ip link show dev nope: Device "nope" does not exist.');
  });

  test("a namespace that is missing", async () => {
    await expect(ipJson(["link"], "/run/netns/no-such")).rejects.toThrow(/no-such.*No such file or directory/);
  });

  test("what a batch would take apart is refused before it runs", async () => {
    for (const word of ["two words", "", 'quo"te', "it's", "back\\slash", "line\nbreak", "#comment"]) {
      await expect(ipBatch([["link", "set", "dev", "lo", "alias", word]], path)).rejects.toThrow("cannot be passed to ip -batch");
    }
  });
});
