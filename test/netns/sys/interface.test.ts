import { afterAll, beforeAll, expect, test } from "vitest";
import { lookAtInterface } from "../../../host/sys/interface.ts";
import { closeNetnsThread, lookIn } from "../../../host/sys/netns-thread.ts";
import { ipBatch } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { describeNetns } from "../needs.ts";

describeNetns("an interface, looked at", [], () => {
  let lab: Lab;
  let netns: string;
  beforeAll(async () => {
    lab = await Lab.open();
    netns = await lab.namespace("look");
    await ipBatch(["link add wti0 type veth peer wti1", "link set wti0 address 02:42:0a:00:00:0f mtu 1432", "link set wti1 up"], netns);
  });
  afterAll(async () => {
    await closeNetnsThread();
    await lab?.close();
  });
  const look = (name: string) => lookIn(`/run/netns/${netns}`, name);

  test("is told as it is in that namespace", async () => {
    const down = { isUp: false, mtu: 1432, mac: "02:42:0a:00:00:0f", addresses: null };
    expect(await look("wti0")).toEqual(down);
    await ipBatch(["link set wti0 up", "address add 10.0.0.1/24 dev wti0", "address add fd00::1/64 dev wti0 nodad"], netns);
    const up = await look("wti0");
    expect(up).toMatchObject({ isUp: true, mtu: 1432, mac: down.mac });
    expect(up?.addresses).toEqual(expect.arrayContaining(["10.0.0.1/24", "fd00::1/64"]));
  });

  test("is null where there is none of its name", async () => {
    expect(await look("wti2")).toBeNull();
    expect(lookAtInterface("wti0")).toBeNull();
  });
});
