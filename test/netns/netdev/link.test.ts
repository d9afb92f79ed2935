import { afterAll, beforeAll, expect, test } from "vitest";
import { findLink, isMultiQueueTap, links, openQueues } from "../../../host/netdev/link.ts";
import { closeFd } from "../../../host/sys/fd.ts";
import { closeNetnsThread, openTapIn } from "../../../host/sys/netns-thread.ts";
import { ipBatch } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { describeNetns } from "../needs.ts";

describeNetns("a namespace's interfaces", [], () => {
  let lab: Lab;
  let netns: string;
  beforeAll(async () => {
    lab = await Lab.open();
    netns = await lab.namespace("a");
    await ipBatch(
      ["link add veth0 type veth peer veth1", "tuntap add dev plain0 mode tap", "tuntap add dev tun0 mode tun multi_queue"],
      netns,
    );
  });
  afterAll(async () => {
    await closeNetnsThread();
    await lab?.close();
  });

  test("are told apart: a multi-queue TAP, with who has it open, and the rest", async () => {
    const path = `/run/netns/${netns}`;
    const { fd } = await openTapIn(path, "eth0");
    const all = await links(path);
    expect(all.map(({ ifname }) => ifname).sort()).toEqual(["eth0", "lo", "plain0", "tun0", "veth0", "veth1"]);
    expect(all.filter(isMultiQueueTap).map(({ ifname }) => ifname)).toEqual(["eth0"]);
    const eth0 = await findLink(path, "eth0");
    expect(eth0 && openQueues(eth0)).toBe(1);
    const veth0 = await findLink(path, "veth0");
    expect(veth0 && openQueues(veth0)).toBe(0);
    expect(await findLink(path, "eth1")).toBeUndefined();
    closeFd(fd);
  });
});
