import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { closeFd } from "../../../host/sys/fd.ts";
import { closeNetnsThread, openTapIn } from "../../../host/sys/netns-thread.ts";
import { deleteTap, keepTap, openTap, tapName } from "../../../host/sys/tap.ts";
import { ipBatch, run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { describeNetns } from "../needs.ts";

interface Report {
  ifname: string;
  flags: string[];
  linkinfo: { info_data: Record<string, unknown> };
}

describeNetns("a TAP", ["ethtool"], () => {
  let lab: Lab;
  let netns: string;
  const fds: number[] = [];
  beforeAll(async () => {
    lab = await Lab.open();
    netns = await lab.namespace("a");
  });
  afterEach(() => {
    for (const fd of fds.splice(0)) closeFd(fd);
  });
  afterAll(async () => {
    await closeNetnsThread();
    await lab?.close();
  });

  const open = async (name: string) => {
    const { fd } = await openTapIn(`/run/netns/${netns}`, name);
    fds.push(fd);
    return fd;
  };
  const close = (fd: number) => closeFd(fds.splice(fds.indexOf(fd), 1)[0]);
  const report = async (name: string): Promise<Report | undefined> => {
    const all = JSON.parse(await run(["ip", "-json", "-details", "link"], { netns })) as Report[];
    return all.find(({ ifname }) => ifname === name);
  };

  test("has one queue of many, a virtio-net header and no packet information", async () => {
    await open("wta0");
    expect((await report("wta0"))?.linkinfo.info_data).toMatchObject({
      type: "tap",
      pi: false,
      vnet_hdr: true,
      multi_queue: true,
      numqueues: 1,
      persist: false,
    });
  });

  test("takes superframes from the container's stack", async () => {
    const fd = await open("wta1");
    const { offloads } = await openTapIn(`/run/netns/${netns}`, "wta1").then((tap) => {
      closeFd(tap.fd);
      return tap;
    });
    const features = await run(["ethtool", "-k", "wta1"], { netns });
    for (const feature of ["tx-checksumming", "tx-tcp-segmentation", "tx-tcp6-segmentation"]) expect(features).toMatch(`${feature}: on`);
    expect(/tx-udp-segmentation: on/.test(features)).toBe(offloads.uso);
    close(fd);
  });

  test("goes with its fd unless it is kept", async () => {
    close(await open("wta2"));
    expect(await report("wta2")).toBeUndefined();
  });

  test("that is kept outlives its fd: addresses and offloads stay, only carrier goes, and comes back", async () => {
    const fd = await open("wta3");
    keepTap(fd);
    await ipBatch(["address add 10.1.0.1/24 dev wta3", "link set wta3 up"], netns);
    close(fd);
    const orphan = await report("wta3");
    expect(orphan?.flags).not.toContain("LOWER_UP");
    expect(orphan?.linkinfo.info_data).toMatchObject({ numqueues: 0, persist: true });
    expect(await run(["ip", "address", "show", "dev", "wta3"], { netns })).toContain("10.1.0.1/24");
    expect(await run(["ethtool", "-k", "wta3"], { netns })).toMatch("tx-tcp-segmentation: on");

    const again = await open("wta3");
    expect((await report("wta3"))?.flags).toContain("LOWER_UP");
    deleteTap(again);
    fds.pop();
    expect(await report("wta3")).toBeUndefined();
  });

  test("is known by its name of now, and by none once it is deleted", async () => {
    const fd = await open("wta8");
    expect(tapName(fd)).toBe("wta8");
    await ipBatch(["link set wta8 name wta9"], netns);
    expect(tapName(fd)).toBe("wta9");
    await ipBatch(["link delete wta9"], netns);
    expect(tapName(fd)).toBeUndefined();
    close(fd);
  });

  test("takes a successor while its predecessor still holds it", async () => {
    const first = await open("wta4");
    const second = await open("wta4");
    expect((await report("wta4"))?.linkinfo.info_data).toMatchObject({ numqueues: 2 });
    close(first);
    expect((await report("wta4"))?.linkinfo.info_data).toMatchObject({ numqueues: 1 });
    deleteTap(second);
    fds.pop();
    expect(await report("wta4")).toBeUndefined();
  });

  test("is not made of what is none", async () => {
    await ipBatch(["link add wta5 type veth peer wta6", "tuntap add dev wta7 mode tap"], netns);
    for (const name of ["wta5", "wta7"]) {
      await expect(open(name)).rejects.toThrow(`TUNSETIFF ${name}, an interface of this name exists that is no multi-queue TAP`);
    }
  });

  test("needs a name that an interface can have", () => {
    for (const name of ["", "sixteen-letters-"]) expect(() => openTap(name)).toThrow("is no interface name: 1 to 15 bytes");
    expect(() => openTap("a/b")).toThrow(
      "TUNSETIFF a/b, an interface of this name exists that is no multi-queue TAP: Invalid argument (EINVAL)",
    );
  });
});
