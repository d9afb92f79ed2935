import { hostname } from "node:os";
import { describe, expect, test } from "vitest";
import type { AbandonOptions, MemberOptions } from "../../../host/model/cluster/start.ts";
import { OperationError } from "../../../host/model/errors.ts";
import { defaultWorkers } from "../../../host/model/workers.ts";
import { fakeAgent, weftWith } from "./weft.ts";

/** Runs a command line; what a member would be run with comes back. */
async function member(text: string) {
  let options: MemberOptions | undefined;
  const runMember = (given: MemberOptions) => {
    options = given;
    return Promise.resolve();
  };
  return { ...(await weftWith(text.split(" "), { runMember })), options };
}

const DEFAULTS: MemberOptions = {
  name: hostname(),
  advertise: null,
  listen: { host: "0.0.0.0", port: 2377 },
  metrics: { host: "127.0.0.1", port: 9477 },
  socket: "/run/weft/weft.sock",
  stateDir: "/var/lib/weft",
  workers: defaultWorkers(),
  injection: "auto",
  store: { kind: "embedded" },
  join: null,
  create: { dataPort: 4789, pools: [{ base: "10.0.0.0/8", size: 24 }] },
};

describe("weft up", () => {
  test("the defaults", async () => {
    expect(await member("up")).toEqual({ code: 0, out: "", err: "", options: DEFAULTS });
  });

  test("everything", async () => {
    const flags =
      "--name a --advertise FD00::1 --listen [fd00::1]:2378 --metrics off --socket /tmp/a.sock --state-dir /tmp/a --workers 2 --injection off --data-port 8472 " +
      "--default-addr-pool 10.32.0.0/11 --default-addr-pool 172.16.0.0/12 --default-addr-pool-mask-length 26 " +
      "--store etcd://e1:2379,[fd00::2]:2379 --store-ca /ca --store-cert /cert --store-key /key --store-user root:a:b";
    expect((await member(`up ${flags}`)).options).toEqual({
      name: "a",
      advertise: "fd00::1",
      listen: { host: "fd00::1", port: 2378 },
      metrics: null,
      socket: "/tmp/a.sock",
      stateDir: "/tmp/a",
      workers: 2,
      injection: "off",
      store: { kind: "etcd", endpoints: ["e1:2379", "[fd00::2]:2379"], ca: "/ca", cert: "/cert", key: "/key", user: "root:a:b" },
      join: null,
      create: {
        dataPort: 8472,
        pools: [
          { base: "10.32.0.0/11", size: 26 },
          { base: "172.16.0.0/12", size: 26 },
        ],
      },
    });
  });

  test("where it listens follows the family that it advertises", async () => {
    expect((await member("up --advertise fd00::1")).options?.listen).toEqual({ host: "::", port: 2377 });
    expect((await member("up --advertise 10.0.0.1 --listen 10.0.0.1")).options?.listen).toEqual({ host: "10.0.0.1", port: 2377 });
  });

  test("its end is the program's", async () => {
    const runMember = () => Promise.reject(new OperationError("state directory /x: another agent has it"));
    expect(await weftWith(["up"], { runMember })).toEqual({ code: 1, out: "", err: "state directory /x: another agent has it\n" });
  });
});

describe("weft join", () => {
  test("the token and the managers", async () => {
    const { code, options } = await member("join --token WFTKN-1-a-b --name b 10.99.0.1 [fd00::1]:2378 boss.example:2379");
    const managers = ["10.99.0.1:2377", "[fd00::1]:2378", "boss.example:2379"];
    expect([code, options]).toEqual([0, { ...DEFAULTS, name: "b", join: { token: "WFTKN-1-a-b", managers } }]);
  });
});

describe("bad values: exit 2, one line, nothing is run", () => {
  test.each([
    ["up --name -a", "option '--name <name>' argument '-a' is invalid. Expected a letter or digit"],
    ["up --advertise 0.0.0.0", "option '--advertise <ip>' argument '0.0.0.0' is invalid. 0.0.0.0 is the unspecified address"],
    ["up --advertise host", '"host" is not an IP address'],
    ["up --listen eth0:2377", "option '--listen <ip[:port]>' argument 'eth0:2377' is invalid. \"eth0\" is not an IP address"],
    ["up --listen 10.0.0.1:0", "Expected HOST[:PORT]"],
    ["up --metrics 9477", "option '--metrics <host:port>' argument '9477' is invalid. Expected HOST:PORT"],
    [`up --socket /${"x".repeat(107)}`, "The path has 108 bytes"],
    ["up --workers 0", "option '--workers <n>' argument '0' is invalid. Expected a whole number from 1 to "],
    ["up --injection yes", "option '--injection <mode>' argument 'yes' is invalid. Allowed choices are auto, on, off."],
    ["up --data-port 65536", "Expected a whole number from 1 to 65535."],
    ["up --store etcd", "Expected embedded or etcd://HOST:PORT,HOST:PORT,…."],
    ["up --store etcd://a", "Expected HOST:PORT (IPv6 in brackets, port 1 to 65535)."],
    ["up --docker-plugin", "--docker-plugin: weft is no plugin of Docker yet"],
    ["up --store-ca /x", "--store-ca is of no use without --store etcd://HOST:PORT"],
    ["up --store etcd://a:1 --store-cert /x", "--store-cert and --store-key belong together"],
    ["up --store etcd://a:1 --store-user root", "Expected NAME:PASSWORD."],
    ["up --default-addr-pool 10.0.0.0", "has no prefix length"],
    ["up --default-addr-pool fd00::/8", "Expected an IPv4 subnet."],
    ["up --default-addr-pool 10.0.0.0/25", "--default-addr-pool 10.0.0.0/25: no subnet of --default-addr-pool-mask-length 24 fits in it"],
    [
      "up --default-addr-pool 10.0.0.0/8 --default-addr-pool 10.1.0.0/16",
      "--default-addr-pool 10.1.0.0/16: overlaps --default-addr-pool 10.0.0.0/8",
    ],
    ["up --default-addr-pool-mask-length 30", "Expected a whole number from 8 to 29."],
    ["up --docker-plugin /x", "--docker-plugin: weft is no plugin of Docker yet"],
    ["up extra", "too many arguments for 'up'."],
    ["join 10.0.0.1", "weft join needs --token TOKEN: 'weft token worker' on a manager prints it"],
    ["join --token x", "missing required argument 'manager'"],
    ["join --token x 10.0.0.1:x", 'manager "10.0.0.1:x": Expected HOST[:PORT]'],
    ["join --token x --data-port 1 a", "unknown option '--data-port'"],
    ["leave now", "too many arguments for 'leave'."],
  ])("%s", async (text, message) => {
    const { code, out, err, options } = await member(text);
    expect([code, out, options]).toEqual([2, "", undefined]);
    expect(err).toContain(message);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  });
});

test.each([
  [["leave"], false],
  [["leave", "--force"], true],
])("%j", async (args, force) => {
  const agent = await fakeAgent({ "cluster.leave": () => ({}) });
  try {
    expect(await agent.weft(args)).toEqual({ code: 0, out: "Node left the cluster.\n", err: "" });
    expect(agent.asked).toEqual([{ name: "cluster.leave", input: { force } }]);
  } finally {
    await agent.close();
  }
});

describe("weft leave where no agent runs", () => {
  const env = { WEFT_HOST: "unix:///nowhere/weft.sock" };
  const leave = async (args: string[], name: string | null) => {
    const given: AbandonOptions[] = [];
    const runAbandon = async (options: AbandonOptions) => {
      given.push(options);
      return name;
    };
    return { ...(await weftWith(["leave", ...args], { env, runAbandon })), given };
  };

  test("says what would do without one", async () => {
    const { code, err, given } = await leave([], "b");
    expect([code, given]).toEqual([1, []]);
    expect(err).toBe(
      "cannot reach the agent at unix:///nowhere/weft.sock: is weft running on this host? (weft leave --force does without it)\n",
    );
  });

  test("by force is done on the state directory, and says what others must be told", async () => {
    expect(await leave(["--force"], null)).toEqual({
      code: 0,
      out: "Node left the cluster.\n",
      err: "",
      given: [{ stateDir: "/var/lib/weft" }],
    });
    const { out, given } = await leave(["-f", "--state-dir", "/x"], "b");
    expect(given).toEqual([{ stateDir: "/x" }]);
    expect(out).toMatch(/^Node left the cluster\. .*'weft node rm b'.*\n$/);
  });

  test("an agent that refuses is not gone round", async () => {
    const agent = await fakeAgent({
      "cluster.leave": () => {
        throw new OperationError("no");
      },
    });
    try {
      expect(await agent.weft(["leave", "--force"])).toMatchObject({ code: 1, err: "no\n" });
    } finally {
      await agent.close();
    }
  });
});
