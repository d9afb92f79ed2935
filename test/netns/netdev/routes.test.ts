import { afterAll, beforeAll, expect, test } from "vitest";
import { hostRoutes } from "../../../host/netdev/routes.ts";
import { ipBatch } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { describeNetns } from "../needs.ts";

describeNetns("a host's routes", [], () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.open();
  });
  afterAll(() => lab?.close());

  test("are those of both families and of all tables, with single addresses; not those that lead nowhere, default and link-local ones", async () => {
    const netns = await lab.namespace("a");
    await ipBatch(
      [
        "link add eth0 type veth peer eth1",
        "link set eth0 up",
        "link set eth1 up",
        "address add 10.1.0.1/24 dev eth0",
        "address add fd01::1/64 dev eth0 nodad",
        "route add default via 10.1.0.254",
        "route add 192.168.0.0/16 via 10.1.0.254",
        "route add 172.16.0.1 via 10.1.0.254",
        "route add blackhole 172.31.0.0/16",
        "route add unreachable fd02::/64",
        "route add throw 172.29.0.0/16",
        "route add default via 10.1.0.253 table 52",
        "route add 100.64.0.7 dev eth0 table 52",
        "route add 192.168.0.0/16 via 10.1.0.253 table 52",
        "route add throw 10.2.0.0/16 table 52",
        "route add fd03::/64 dev eth0 table 52",
        "route add 172.20.0.0/16 nexthop via 10.1.0.253 nexthop via 10.1.0.254",
      ],
      netns,
    );
    expect((await hostRoutes(`/run/netns/${netns}`)).sort((a, b) => a.destination.localeCompare(b.destination))).toEqual([
      { destination: "10.1.0.0/24", device: "eth0" },
      { destination: "100.64.0.7/32", device: "eth0" },
      { destination: "172.16.0.1/32", device: "eth0" },
      { destination: "172.20.0.0/16", device: "eth0" },
      { destination: "192.168.0.0/16", device: "eth0" },
      { destination: "fd01::/64", device: "eth0" },
      { destination: "fd03::/64", device: "eth0" },
    ]);
  });
});
