// Who is not let in, and why: each is told in one line, and nothing is half done: the cluster is as it was, and the same state directory joins at once
// when what was wrong is mended.

import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Clock } from "../../../lab/clock.ts";
import { type Cluster, foundCluster, Member, type MemberOptions } from "../../../lab/cluster.ts";
import { run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { type Host, underlay } from "../../../lab/topology.ts";
import { eventually } from "../../../lab/wait.ts";
import { describeNetns } from "../needs.ts";
import { api } from "./containers.ts";

const MANAGER = "10.99.0.1:2377";
/** Two dozen programs are started, on a machine that may be busy. */
const TEST_MS = 300_000;

interface Refusal {
  code: number | null;
  /** What it said, but for its log. */
  lines: string[];
}

/** `weft join` of a host, which is refused. */
async function refusal(host: Host, token: string, at: readonly string[], flags: readonly string[] = []): Promise<Refusal> {
  const daemon = joining(host, token, at, { flags }).spawn();
  const { code } = await daemon.exited;
  expect(daemon.stdout).toBe("");
  return { code, lines: daemon.stderr.split("\n").filter((line) => line !== "" && !line.startsWith("{")) };
}

function joining(host: Host, token: string, at: readonly string[], options: MemberOptions = {}): Member {
  return new Member(host, ["join", "--token", token, ...at], options);
}

const names = async (manager: Member) => (await api(manager).do("node.ls", { filters: {} })).map(({ Spec }) => Spec.Name);

describeNetns("who is not let in", ["nsenter", "socat", "faketime"], () => {
  test.concurrent("each is told why, and may try again at once", { timeout: TEST_MS }, async () => {
    await using lab = await Lab.open();
    const [hostA, hostB, hostC, hostD] = await underlay(lab, ["a", "b", "c", "d"]);
    const [{ manager: a }, { manager: d }] = await Promise.all([foundCluster(hostA), foundCluster(hostD)]);
    const [old, managers, foreign] = await Promise.all([
      a.weft("token", "worker", "-q"),
      a.weft("token", "manager", "-q"),
      d.weft("token", "worker", "-q"),
    ]);
    await a.weft("token", "worker", "--rotate", "-q");
    const token = await a.weft("token", "worker", "-q");
    const wrong = token.slice(0, -1) + (token.endsWith("a") ? "b" : "a");
    await a.weft("network", "create", "--subnet", "10.50.0.0/24", "blue");
    await run(["ip", "address", "add", "10.50.0.9/32", "dev", "eth0"], { netns: hostB.netns });
    lab.spawn(["socat", "TCP-LISTEN:2399,fork,reuseaddr", "SYSTEM:echo 220 hello"], { netns: hostA.netns });
    const store = ["--store", "etcd://127.0.0.1:1"];
    const only = "this cluster's store is embedded and has exactly one manager: a manager join needs an etcd store";
    const rows: [token: string, at: string[], flags: string[], code: number, line: string | RegExp][] = [
      [token.slice(0, -3), [MANAGER], [], 2, "--token: a damaged token (its secret has 22 characters, not 25)"],
      [wrong, [MANAGER], [], 1, "the token's secret is wrong: `weft token worker` on a manager shows the right one"],
      [old, [MANAGER], [], 1, "the token was rotated: `weft token worker` on a manager shows the one that is good now"],
      [foreign, [MANAGER], [], 1, /^10\.99\.0\.1:2377 is not a manager of the token's cluster: .*\(the token was not sent\)$/],
      [token, ["10.99.0.4"], [], 1, /^10\.99\.0\.4:2377 is not a manager of the token's cluster: .*\(the token was not sent\)$/],
      [token, ["10.99.0.1:2398"], [], 1, "no manager answers (tried 10.99.0.1:2398: connection refused)"],
      [token, ["10.99.0.1:2399"], [], 1, "no manager answers (tried 10.99.0.1:2399: it does not speak TLS)"],
      [token, ["10.99.0.1:0"], [], 2, /^manager "10\.99\.0\.1:0": Expected HOST\[:PORT\]/],
      [managers, [MANAGER], [], 1, only],
      [managers, [MANAGER], store, 1, only],
      [token, [MANAGER], store, 1, /^a worker's token cannot make a manager: leave --store out, or take the token of/],
      [token, [MANAGER], ["--name", "a"], 1, /^the name a is taken by node \w+ \(10\.99\.0\.1\): choose another with --name/],
      [token, [MANAGER], ["--advertise", "10.99.0.77"], 1, "VTEP address 10.99.0.77 is not an address of this host (see: ip address)"],
      [token, [MANAGER], ["--advertise", "10.50.0.9"], 1, /^VTEP address 10\.50\.0\.9 lies in network blue \(10\.50\.0\.0\/24\): /],
    ];
    for (const [given, at, flags, code, line] of rows) {
      const was = await refusal(hostB, given, at, flags);
      expect(was, `${at} ${flags}`).toEqual({ code, lines: [typeof line === "string" ? line : expect.stringMatching(line)] });
    }
    await run(["ip", "address", "add", "10.99.0.1/32", "dev", "lo"], { netns: hostC.netns });
    const twin = refusal(hostC, token, ["10.99.0.2:2377", "10.99.0.1:2377"], ["--advertise", "10.99.0.1"]);
    expect(await names(a)).toEqual(["a"]);
    expect(readdirSync(lab.directory)).not.toContain("b.state");
    const b = joining(hostB, token, [MANAGER]);
    await b.start();
    // 10.99.0.1 is host c itself there, where nobody listens.
    expect(await twin).toEqual({
      code: 1,
      lines: [expect.stringContaining("no manager answers (tried 10.99.0.2:2377: connection refused; ")],
    });
    await run(["ip", "address", "del", "10.99.0.1/32", "dev", "lo"], { netns: hostC.netns });
    await run(["ip", "address", "add", "10.99.0.2/32", "dev", "lo"], { netns: hostC.netns });
    expect(await refusal(hostC, token, [MANAGER], ["--advertise", "10.99.0.2"])).toEqual({
      code: 1,
      lines: ["VTEP address 10.99.0.2 is taken by node b: choose another with --advertise, or `weft node rm b`"],
    });
    expect(await names(a)).toEqual(["a", "b"]);
    expect(a.daemon.stderr).not.toContain("node died");
    await b.stop();
  });

  test.concurrent("a state directory that is used, one that is a copy, one of a node that was removed", { timeout: TEST_MS }, async () => {
    await using lab = await Lab.open();
    const [hostA, hostB, hostC] = await underlay(lab, ["a", "b", "c"]);
    const cluster = await foundCluster(hostA);
    const a = cluster.manager;
    const b = await cluster.newMember(hostB);
    await b.start();
    const token = await a.weft("token", "worker", "-q");
    const [{ ID: id }] = await eventually("b to live", async () => {
      const nodes = await api(a).do("node.ls", { filters: { name: ["b"] } });
      return nodes[0]?.Status.State === "ready" && nodes;
    });
    const used = await refusal(hostB, token, [MANAGER], ["--socket", join(lab.directory, "other.sock"), "--metrics", "off"]);
    expect(used).toEqual({ code: 1, lines: [`state directory ${b.stateDir}: in use by weft (pid ${b.daemon.pid})`] });
    const copy = join(lab.directory, "c.state");
    cpSync(b.stateDir, copy, { recursive: true });
    expect(await refusal(hostC, token, [MANAGER])).toEqual({
      code: 1,
      lines: [`node b runs at 10.99.0.2: state directory ${copy} is a copy of that host's; remove it and join anew`],
    });
    expect((await api(a).do("node.ls", { filters: {} })).map(({ Spec, Status }) => `${Spec.Name} ${Status.Addr} ${Status.State}`)).toEqual([
      "a 10.99.0.1 ready",
      "b 10.99.0.2 ready",
    ]);

    await b.stop();
    await eventually("b to be down", async () => (await a.attempt("node", "rm", "b")).code === 0, 20_000);
    expect(await refusal(hostB, token, [MANAGER])).toEqual({
      code: 1,
      lines: [expect.stringMatching(/^node \w+ was removed from the cluster: weft leave, then join again$/)],
    });
    await run([...inside(hostB), "leave", "--force", "--state-dir", b.stateDir], { netns: undefined });
    await b.start();
    const [again] = await api(a).do("node.ls", { filters: { name: ["b"] } });
    expect(again.ID).not.toBe(id);
  });

  test.concurrent("one that was off until its certificate had expired is the same node again", { timeout: TEST_MS }, async () => {
    await using lab = await Lab.open();
    const [hostA, hostB] = await underlay(lab, ["a", "b"]);
    const cluster = await foundCluster(hostA);
    const b = await cluster.newMember(hostB);
    await b.start();
    const token = await cluster.manager.weft("token", "worker", "-q");
    const id = (member: Member) => JSON.parse(readFileSync(join(member.stateDir, "node.json"), "utf8")).id as string;
    const before = [id(cluster.manager), id(b)];
    await Promise.all([cluster.manager.stop(), b.stop()]);
    // Both clocks go on by 40 days; certificates last 30.
    const { wrapper } = new Clock(lab, "later", "+40d");
    const later: Cluster = await foundCluster(hostA, { wrapper });
    const other = joining(hostB, `${token.slice(0, -25)}${"0".repeat(25)}`, [MANAGER], { wrapper }).spawn();
    expect((await other.exited).code).toBe(1);
    expect(other.stderr).toMatch(/^the token's secret is wrong: /);
    const back = joining(hostB, token, [MANAGER], { wrapper });
    await back.start();
    await eventually("b to live", async () =>
      (await api(later.manager).do("node.ls", { filters: {} })).every(({ Status }) => Status.State === "ready"),
    );
    expect([id(later.manager), id(back)]).toEqual(before);
    expect(await names(later.manager)).toEqual(["a", "b"]);
    await back.stop();
  });
});

function inside(host: Host): string[] {
  return ["nsenter", `--net=/run/netns/${host.netns}`, join(import.meta.dirname, "../../../bin/weft")];
}
