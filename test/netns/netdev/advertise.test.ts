import { afterAll, beforeAll, expect, test } from "vitest";
import { advertiseAddress } from "../../../host/netdev/advertise.ts";
import { ipBatch } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { describeNetns } from "../needs.ts";

describeNetns("the address that others reach a host by", [], () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.open();
  });
  afterAll(() => lab?.close());

  const host = async (name: string, lines: readonly string[]) => {
    const netns = await lab.namespace(name);
    await ipBatch(["link add eth0 type veth peer eth1", "link set eth0 up", "link set eth1 up", ...lines], netns);
    return `/run/netns/${netns}`;
  };

  test("is the only one", async () => {
    expect(await advertiseAddress(await host("one", ["address add 10.1.0.1/24 dev eth0"]))).toBe("10.1.0.1");
  });

  test("is that of the default route's interface, or the one that the route names", async () => {
    const two = ["address add 10.1.0.1/24 dev eth0", "address add 10.2.0.1/24 dev eth1"];
    expect(await advertiseAddress(await host("two", [...two, "route add default via 10.2.0.254"]))).toBe("10.2.0.1");
    expect(await advertiseAddress(await host("three", [...two, "route add default via 10.2.0.254 src 10.1.0.1"]))).toBe("10.1.0.1");
  });

  test("is of IPv6 where there is no IPv4", async () => {
    expect(await advertiseAddress(await host("four", ["address add fd01::1/64 dev eth0 nodad"]))).toBe("fd01::1");
  });

  test("is to be said where there are several, or none", async () => {
    const two = ["address add 10.1.0.1/24 dev eth0", "address add 10.2.0.1/24 dev eth1"];
    await expect(advertiseAddress(await host("five", two))).rejects.toThrow(
      "this host has several addresses (10.1.0.1, 10.2.0.1) and no default route: say which by --advertise",
    );
    await expect(advertiseAddress(await host("six", []))).rejects.toThrow("this host has no address that others could reach");
  });
});
