import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OperationError, UsageError } from "../../../host/model/errors.ts";
import { type FakeAgent, fakeAgent, weftWith } from "./weft.ts";

let agent: FakeAgent;
let warning: string;
let refusal: Error | null;
beforeEach(async () => {
  warning = "";
  refusal = null;
  agent = await fakeAgent({
    "network.create": () => {
      if (refusal !== null) throw refusal;
      return { Id: "x".repeat(25), Warning: warning };
    },
  });
});
afterEach(() => agent.close());

const create = (...flags: string[]) => agent.weft(["network", "create", ...flags]);
const DEFAULTS = {
  Name: "blue",
  Driver: "overlay",
  Internal: false,
  Attachable: false,
  EnableIPv6: false,
  IPAM: { Config: [] },
  Options: {},
  Labels: {},
};

describe("weft network create", () => {
  test("the defaults; prints the id", async () => {
    expect(await create("blue")).toEqual({ code: 0, out: `${"x".repeat(25)}\n`, err: "" });
    expect(agent.asked).toEqual([{ name: "network.create", input: DEFAULTS }]);
  });

  test("everything", async () => {
    const flags =
      "-d overlay --subnet 10.1.0.0/24,10.2.0.0/24 --subnet fd00:1::/64 --gateway 10.2.0.254 --ip-range 10.1.0.128/25 --aux-address a=10.1.0.5 " +
      "--aux-address b=10.1.0.6 --ipv6 --internal --attachable --label app=shop --label plain -o mtu=1400 --opt vni=5000 blue";
    expect((await create(...flags.split(" "))).code).toBe(0);
    expect(agent.asked[0].input).toEqual({
      Name: "blue",
      Driver: "overlay",
      Internal: true,
      Attachable: true,
      EnableIPv6: true,
      IPAM: {
        Config: [
          { Subnet: "10.1.0.0/24", IPRange: "10.1.0.128/25", AuxiliaryAddresses: { a: "10.1.0.5", b: "10.1.0.6" } },
          { Subnet: "10.2.0.0/24", Gateway: "10.2.0.254" },
          { Subnet: "fd00:1::/64" },
        ],
      },
      Options: { mtu: "1400", vni: "5000" },
      Labels: { app: "shop", plain: "" },
    });
  });

  test("a warning does not stand in the way of the id", async () => {
    warning = "MTU 1450 needs 1500 below";
    expect(await create("blue")).toEqual({ code: 0, out: `${"x".repeat(25)}\n`, err: "WARNING: MTU 1450 needs 1500 below\n" });
  });

  test.each([
    [new OperationError('network "blue" already exists'), 1],
    [new UsageError("--opt encrypted: not supported"), 2],
  ])("what a manager refuses: %s", async (error, code) => {
    refusal = error;
    expect(await create("blue")).toEqual({ code, out: "", err: `${error.message}\n` });
  });
});

test.each([
  ["", "missing required argument 'network'"],
  ["a b", "too many arguments for 'create'. Expected 1 argument but got 2: a, b."],
  ["--subnet 10.0.0.0 a", "option '--subnet <cidr>' argument '10.0.0.0' is invalid. \"10.0.0.0\" has no prefix length"],
  ["--subnet 10.0.0.0/24, a", "option '--subnet <cidr>'"],
  ["--gateway 10.0.0 a", "option '--gateway <ip>' argument '10.0.0' is invalid. \"10.0.0\" is not an IP address."],
  ["--ip-range x a", "option '--ip-range <cidr>'"],
  ["--aux-address 10.0.0.1 a", "option '--aux-address <name=ip>' argument '10.0.0.1' is invalid. Expected KEY=VALUE."],
  ["--aux-address a=b a", '"b" is not an IP address.'],
  ["--label =x a", "option '--label <key=value>' argument '=x' is invalid. Expected KEY=VALUE."],
  ["--opt =x a", "option '-o, --opt <key=value>' argument '=x' is invalid. Expected KEY=VALUE."],
  ["--gateway 10.0.0.1 a", "--gateway 10.0.0.1: needs a --subnet that it lies in"],
  ["--subnet 10.0.0.0/24 --ip-range 10.0.1.0/25 a", "--ip-range 10.0.1.0/25: lies in no subnet of this network (10.0.0.0/24)"],
  ["--ingress a", "unknown option '--ingress'"],
  ["--config-from x a", "unknown option '--config-from'"],
  ["--ipam-driver x a", "unknown option '--ipam-driver'"],
  ["--scope local a", "unknown option '--scope'"],
])("%j is refused before anybody is asked", async (text, message) => {
  const { code, out, err } = await create(...text.split(" ").filter(Boolean));
  expect([code, out, agent.asked]).toEqual([2, "", []]);
  expect(err).toContain(message);
  expect(err.trimEnd().split("\n")).toHaveLength(1);
});

describe("what makes no sense whatever there is in the cluster is refused without an agent", () => {
  test.each([
    ["bridge", "operation is not permitted on predefined bridge network: choose another name"],
    ["a/b", /^invalid network name "a\/b"/],
    ["-d bridge blue", 'driver "bridge" is not known: networks here are of driver overlay'],
    ["-o colour=blue blue", "unknown option colour: a network takes vni and mtu"],
    ["-o vni=16777216 blue", "option vni=16777216: a VNI is from 1 to 16777214"],
    ["-o vni=5000 --opt vni=5001 blue", "--opt vni=5001: vni is given twice"],
    ["--opt mtu=big blue", "option mtu=big is not a whole number"],
    ["--subnet 10.5.0.1/24 blue", "invalid subnet 10.5.0.1/24: it should be 10.5.0.0/24"],
    ["--subnet 127.0.0.0/24 blue", /^invalid subnet 127\.0\.0\.0\/24: 127\.0\.0\.0\/8 is loopback/],
    ["--subnet fd00::/64 blue", "IPv6 subnet fd00::/64 needs --ipv6 (EnableIPv6)"],
    ["--subnet 10.5.0.0/24 --gateway 10.5.0.255 blue", "gateway 10.5.0.255 is no host's address in 10.5.0.0/24"],
    ["--subnet 10.5.0.0/24 --ip-range 10.5.0.1/25 blue", /^invalid ip-range 10\.5\.0\.1\/25/],
    ["--subnet 10.5.0.0/24 --gateway 10.5.0.1 --aux-address r=10.5.0.1 blue", "aux-address r=10.5.0.1 is the gateway's"],
    ["--label =x blue", /^option '--label <key=value>' argument '=x' is invalid\. Expected KEY=VALUE/],
  ])("network create %s", async (words, line) => {
    const said = await weftWith(["network", "create", ...words.split(" ")], { env: { WEFT_HOST: "unix:///nowhere/weft.sock" } });
    expect(said).toMatchObject({ code: 2, out: "" });
    expect(said.err.trimEnd()).toEqual(typeof line === "string" ? line : expect.stringMatching(line));
    expect(said.err.trimEnd()).not.toContain("\n");
  });

  test("and what makes sense is asked", async () => {
    const words = "network create --ipv6 --subnet fd00:1::/64 --subnet 10.0.0.0/8 --ip-range 10.1.0.0/16 -o mtu=1400 blue".split(" ");
    const said = await weftWith(words, { env: { WEFT_HOST: "unix:///nowhere/weft.sock" } });
    expect(said).toMatchObject({ code: 1, err: expect.stringMatching(/^cannot reach the agent/) });
  });
});
