import { expect, test } from "vitest";
import { desiredOf } from "../../../host/control/desired.ts";
import { networkConfig, staticConfig } from "../../contract/control/plane.ts";

test("a file's networks, each with what it lists", () => {
  const port = { netns: "c", interface: "eth0", addresses: ["10.0.0.1/24"], mac: "02:00:00:00:00:01" };
  const fdb = [{ mac: "02:00:00:00:00:02", vtep: "192.0.2.2" }];
  const blue = networkConfig({ peers: ["192.0.2.1"], fdb, neighbors: [{ ip: "10.0.0.2", mac: "02:00:00:00:00:02" }], ports: [port] });
  const desired = desiredOf(staticConfig([blue, networkConfig({ name: "red", vni: 43, mtu: 1400 })]));
  expect([...desired.keys()]).toEqual(["blue", "red"]);
  const { peers: _peers, fdb: _fdb, neighbors: _neighbors, ports: _ports, ...settings } = blue;
  expect(desired.get("blue")).toEqual({
    settings,
    peers: new Set(["192.0.2.1"]),
    fdb: new Map([["02:00:00:00:00:02", "192.0.2.2"]]),
    neighbors: new Map([["10.0.0.2", "02:00:00:00:00:02"]]),
    ports: new Map([["c/eth0", port]]),
  });
  expect(desired.get("red")).toMatchObject({ settings: { vni: 43, mtu: 1400 }, peers: new Set(), fdb: new Map() });
});
