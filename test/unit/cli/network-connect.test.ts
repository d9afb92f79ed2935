import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeAgent, fakeAgent } from "./weft.ts";

let agent: FakeAgent;
beforeEach(async () => {
  const made = { EndpointID: "e", Interface: "eth1", MacAddress: "02:42:0a:00:00:02", Addresses: ["10.0.0.2/24"] };
  agent = await fakeAgent({ "network.connect": () => made, "network.disconnect": () => ({}) });
});
afterEach(() => agent.close());

test.each([
  [["connect", "blue", "web"], "network.connect", { network: "blue", target: "web", ips: [], aliases: [] }],
  [
    [
      "connect",
      "--ip",
      "10.1.0.7",
      "--ip6",
      "FD00::7",
      "--mac-address",
      "02-42-0A-01-00-07",
      "--alias",
      "db",
      "--alias",
      "sql",
      "blue",
      "netns:/run/netns/a",
    ],
    "network.connect",
    { network: "blue", target: "netns:/run/netns/a", ips: ["10.1.0.7", "fd00::7"], mac: "02:42:0a:01:00:07", aliases: ["db", "sql"] },
  ],
  [["connect", "blue", "netns:pcA"], "network.connect", { network: "blue", target: "netns:pcA", ips: [], aliases: [] }],
  [["disconnect", "blue", "web"], "network.disconnect", { network: "blue", target: "web", force: false }],
  [["disconnect", "-f", "blue", "netns:pcA"], "network.disconnect", { network: "blue", target: "netns:pcA", force: true }],
])("weft network %j", async (args, name, input) => {
  expect(await agent.weft(["network", ...args])).toEqual({ code: 0, out: "", err: "" });
  expect(agent.asked).toEqual([{ name, input }]);
});

test.each([
  ["connect blue", "missing required argument 'target'"],
  ["connect", "missing required argument 'network'"],
  ["connect blue netns:", "netns:: expected netns:NAME or netns:/ABSOLUTE/PATH"],
  ["connect blue netns:run/netns/a", "netns:run/netns/a: expected netns:NAME or netns:/ABSOLUTE/PATH"],
  ["disconnect blue netns:./a", "netns:./a: expected netns:NAME or netns:/ABSOLUTE/PATH"],
  ["connect --ip fd00::1 blue web", "option '--ip <ip>' argument 'fd00::1' is invalid. Expected an IPv4 address."],
  ["connect --ip6 10.0.0.1 blue web", "option '--ip6 <ip>' argument '10.0.0.1' is invalid. Expected an IPv6 address."],
  ["connect --mac-address ff:ff:ff:ff:ff:ff blue web", "multicast address"],
  ["connect --link db blue web", "unknown option '--link'"],
  ["connect --gw-priority 1 blue web", "unknown option '--gw-priority'"],
  ["disconnect --ip 10.0.0.1 blue web", "unknown option '--ip'"],
])("weft network %s is refused", async (text, message) => {
  const { code, out, err } = await agent.weft(["network", ...text.split(" ")]);
  expect([code, out, agent.asked]).toEqual([2, "", []]);
  expect(err).toContain(message);
});
