// `weft run` and its kin on a cluster of one host: what a user types, and what is left when something is wrong.

import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, type Member, startCluster } from "../../../lab/cluster.ts";
import { run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { underlay } from "../../../lab/topology.ts";
import { eventually } from "../../../lab/wait.ts";
import { describeNetns } from "../needs.ts";

describeNetns("containers in networks", ["nft"], () => {
  let lab: Lab;
  let cluster: Cluster;
  let host: Member;
  beforeAll(async () => {
    lab = await Lab.open();
    const [a] = await underlay(lab, ["a", "b"]);
    cluster = await startCluster([a]);
    host = cluster.manager;
    await host.weft("network", "create", "blue");
    await host.weft("network", "create", "--subnet", "10.77.0.0/24", "red");
  });
  afterAll(() => lab?.close());

  const holders = async (network: string) => {
    const [{ Containers }] = await host.json<{ Containers: Record<string, { Name: string }> }[]>("network", "inspect", network);
    return Object.values(Containers)
      .map(({ Name }) => Name)
      .sort();
  };

  test("one has an interface in each of its networks", async () => {
    await host.weft("run", "-d", "--name", "two", "--network", "blue", "--network", "red", "--", "sleep", "600");
    const text = await host.weft("exec", "two", "--", "ip", "-br", "-4", "address");
    expect(text).toMatch(/eth0 .*10\.0\.0\.2\/24/);
    expect(text).toMatch(/eth1 .*10\.77\.0\.2\/24/);
    expect(await holders("red")).toEqual(["two"]);
  });

  test("in the foreground, its output and exit code are the command's", async () => {
    const { code, stdout, stderr } = await host.attempt("run", "--network", "blue", "--", "sh", "-c", "echo out; echo err >&2; exit 7");
    expect({ code, stdout, stderr }).toEqual({ code: 7, stdout: "out\n", stderr: "err\n" });
  });

  test.each([
    ["/no/such/program", 127],
    ["/etc/passwd", 126],
  ])("a command that cannot be run, %s, ends it as a shell has it: %i", async (command, code) => {
    expect(await host.attempt("run", "--network", "blue", "--", command)).toMatchObject({ code, stdout: "" });
  });

  test("its own name stands for its addresses", async () => {
    const script = "getent ahosts $(hostname) | awk '{ print $1 }' | sort -u; ip -br -4 address show up scope global";
    const text = await host.weft("run", "--rm", "--network", "blue", "--network", "red", "--", "sh", "-c", script);
    const [blue, red, ...interfaces] = text.split("\n");
    expect(interfaces.map((line) => line.split(/\s+/)[2])).toEqual([`${blue}/24`, `${red}/24`]);
  });

  test("one that has ended holds no address, and its log is there", async () => {
    await host.weft("run", "-d", "--name", "brief", "--network", "blue", "--", "echo", "done");
    await eventually("it to have ended", async () => !(await holders("blue")).includes("brief"));
    expect(await host.weft("logs", "brief")).toBe("done");
    expect(await host.weft("ps", "-a")).toMatch(/brief/);
    await host.weft("rm", "brief");
    expect(await host.weft("ps", "-a")).not.toMatch(/brief/);
  });

  test("--ip and --mac are honoured, or refused with the holder", async () => {
    const flags = ["--ip", "10.0.0.77", "--mac-address", "02:00:00:00:00:77"];
    await host.weft("run", "-d", "--name", "fixed", "--network", "blue", ...flags, "--", "sleep", "600");
    expect(await host.weft("exec", "fixed", "--", "ip", "link", "show", "eth0")).toContain("02:00:00:00:00:77");
    const again = await host.attempt("run", "-d", "--name", "again", "--network", "blue", "--ip", "10.0.0.77", "--", "sleep", "600");
    expect(again.code).toBe(1);
    expect(again.stderr).toContain("fixed");
  });

  test("one that is removed and run again has its --ip at once, and its MAC address with it", async () => {
    const run = () => host.weft("run", "-d", "--name", "fixed", "--network", "blue", "--ip", "10.0.0.77", "--", "sleep", "600");
    await host.weft("rm", "-f", "fixed");
    await run();
    expect(await host.weft("exec", "fixed", "--", "ip", "link", "show", "eth0")).toContain("02:00:00:00:00:77");
  });

  test.each([
    ["a network that there is none of", ["--network", "none", "--", "true"], "none"],
    ["a name that is taken", ["--name", "two", "--network", "blue", "--", "true"], "two"],
    ["an address outside the subnet", ["--network", "blue", "--ip", "192.0.2.1", "--", "true"], "192.0.2.1"],
    ["the gateway's address", ["--network", "blue", "--ip", "10.0.0.1", "--", "true"], "10.0.0.1"],
    ["a command that there is none of", ["--network", "blue", "--", "/no/such/program"], "/no/such/program"],
  ])("%s is one line, and leaves no container, namespace or address", async (_, words, told) => {
    const before = { blue: await holders("blue"), spaces: await namespaces(), all: await host.weft("ps", "-aq") };
    const { code, stderr } = await host.attempt("run", "-d", ...words);
    expect(code).toBeGreaterThan(0);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toContain(told);
    expect({ blue: await holders("blue"), spaces: await namespaces(), all: await host.weft("ps", "-aq") }).toEqual(before);
  });

  test("rm of a running one is refused; by force it is gone, and so is its namespace", async () => {
    const before = await namespaces();
    expect((await host.attempt("rm", "fixed")).stderr).toContain("is running");
    await host.weft("rm", "-f", "fixed");
    expect(await holders("blue")).toEqual(["two"]);
    expect((await namespaces()).length).toBe(before.length - 1);
  });

  /** Those of containers. */
  async function namespaces(): Promise<string[]> {
    return (await run(["ip", "netns", "list"])).split("\n").filter((line) => line.startsWith("weft-"));
  }
});
