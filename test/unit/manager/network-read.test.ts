import { beforeEach, describe, expect, test } from "vitest";
import { endpointId, nodeId, START, TestCluster } from "./cluster.ts";

let cluster: TestCluster;
let blue: string;

const names = async (filters: Record<string, string[]>) =>
  (await cluster.manager.ask(cluster.caller("b"), "network.ls", { filters })).map(({ Name }) => Name);
const inspect = (asked: string[], verbose = false) =>
  cluster.manager.ask(cluster.caller("b"), "network.inspect", { names: asked, verbose });

beforeEach(async () => {
  cluster = await TestCluster.make();
  blue = await cluster.network("blue", {
    EnableIPv6: true,
    IPAM: {
      Config: [{ Subnet: "10.1.0.0/24", IPRange: "10.1.0.128/25", AuxiliaryAddresses: { nas: "10.1.0.200" } }, { Subnet: "fd01::/64" }],
    },
    Labels: { tier: "web" },
    Options: { mtu: "1400" },
  });
  await cluster.network("red", { Labels: { tier: "db" } });
});

describe("ls", () => {
  test.each<[Record<string, string[]>, string[]]>([
    [{}, ["blue", "red"]],
    [{ name: ["lu"] }, ["blue"]],
    [{ name: ["^red$"] }, ["red"]],
    [{ name: ["^re", "^blue$"] }, ["blue", "red"]],
    [{ name: ["^lu"] }, []],
    [{ name: ["ed$"] }, ["red"]],
    [{ driver: ["overlay"] }, ["blue", "red"]],
    [{ driver: ["bridge"] }, []],
    [{ scope: ["global"] }, ["blue", "red"]],
    [{ scope: ["local"] }, []],
    [{ type: ["custom"] }, ["blue", "red"]],
    [{ type: ["builtin"] }, []],
    [{ label: ["tier"] }, ["blue", "red"]],
    [{ label: ["tier=db"] }, ["red"]],
    [{ label: ["tier", "tier=db"] }, ["red"]],
    [{ dangling: ["true"] }, ["red"]],
    [{ dangling: ["0"] }, ["blue"]],
  ])("%j → %j", async (filters, expected) => {
    await cluster.endpoint(1);
    expect(await names(filters)).toEqual(expected);
  });

  test("by id", async () => {
    expect(await names({ id: [blue.slice(3, 12)] })).toEqual(["blue"]);
  });

  test.each<[Record<string, string[]>, string]>([
    [{ colour: ["blue"] }, "invalid filter 'colour' (known: driver, id, label, name, scope, type, dangling)"],
    [{ type: ["mine"] }, "invalid filter 'type=mine': it is custom or builtin"],
    [{ dangling: ["perhaps"] }, "invalid filter 'dangling=perhaps': it is true or false"],
    [{ dangling: ["true", "false"] }, "both true and false"],
  ])("%j is refused", async (filters, message) => {
    await expect(names(filters)).rejects.toThrow(message);
  });
});

describe("inspect", () => {
  test("is Docker's network resource, with the whole cluster's containers and peers", async () => {
    const first = await cluster.endpoint(1, { container: "f00d".repeat(16) }, "b");
    const second = await cluster.endpoint(2, { name: "" }, "c");
    await cluster.endpoint(3, {}, "c");
    await cluster.remove(3, "c");
    expect((await inspect(["blue"])).found).toEqual([
      {
        Name: "blue",
        Id: blue,
        Created: new Date(START).toISOString(),
        Scope: "global",
        Driver: "overlay",
        EnableIPv4: true,
        EnableIPv6: true,
        IPAM: {
          Driver: "default",
          Options: {},
          Config: [
            { Subnet: "10.1.0.0/24", IPRange: "10.1.0.128/25", Gateway: "10.1.0.1", AuxiliaryAddresses: { nas: "10.1.0.200" } },
            { Subnet: "fd01::/64", Gateway: "fd01::1" },
          ],
        },
        Internal: false,
        Attachable: false,
        Ingress: false,
        ConfigFrom: { Network: "" },
        ConfigOnly: false,
        Containers: {
          ["f00d".repeat(16)]: {
            Name: "c1",
            EndpointID: endpointId(1),
            MacAddress: first.mac,
            IPv4Address: "10.1.0.128/24",
            IPv6Address: "fd01::2/64",
            Node: "b",
          },
          [`netns-${endpointId(2)}`]: {
            Name: "",
            EndpointID: endpointId(2),
            MacAddress: second.mac,
            IPv4Address: "10.1.0.129/24",
            IPv6Address: "fd01::3/64",
            Node: "c",
          },
        },
        Options: { "com.docker.network.driver.overlay.vxlanid_list": "4096", mtu: "1400" },
        Labels: { tier: "web" },
        Peers: [
          { Name: `b-${nodeId("b").slice(0, 12)}`, IP: "192.168.0.2" },
          { Name: `c-${nodeId("c").slice(0, 12)}`, IP: "192.168.0.3" },
        ],
        Status: {
          IPAM: {
            Subnets: {
              // Its own, broadcast, the gateway, the auxiliary one, two containers and one that rests; 127 − 1 − 3 of the range.
              "10.1.0.0/24": { IPsInUse: 7, DynamicIPsAvailable: 123 },
              "fd01::/64": { IPsInUse: 5, DynamicIPsAvailable: Number.MAX_SAFE_INTEGER },
            },
          },
        },
      },
    ]);
  });

  test("-v adds, and takes nothing away", async () => {
    const endpoint = await cluster.endpoint(1);
    await cluster.endpoint(2);
    await cluster.remove(2);
    const [plain] = (await inspect(["blue"])).found;
    const [verbose] = (await inspect([blue.slice(0, 10)], true)).found;
    expect(verbose).toEqual({
      ...plain,
      Verbose: { Vni: 4096, Mtu: 1400, Endpoints: [endpoint], Resting: ["10.1.0.129", "fd01::3"] },
    });
    await cluster.report("c", { underlayMtu: 1400 });
    expect((await inspect(["red"], true)).found[0].Verbose?.Mtu).toBe(1350);
  });

  test("what is not there is told beside what is", async () => {
    const { found, refused } = await inspect(["none", "red"]);
    expect(found.map(({ Name }) => Name)).toEqual(["red"]);
    expect(refused).toEqual([{ name: "none", message: "network none not found" }]);
  });
});
