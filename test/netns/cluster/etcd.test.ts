// A real etcd as the cluster's store: several managers on it, one of them killed, members of it killed, its quorum lost; TLS, and users.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Certificates } from "../../../lab/certificates.ts";
import { cleanUpWith, foundCluster, Member } from "../../../lab/cluster.ts";
import { run } from "../../../lab/command.ts";
import { Etcd } from "../../../lab/etcd.ts";
import { Lab } from "../../../lab/lab.ts";
import { type Host, underlay } from "../../../lab/topology.ts";
import { eventually } from "../../../lab/wait.ts";
import { describeNetns } from "../needs.ts";
import { etcdctl, typed } from "./command-line.ts";
import { api, place, reaches } from "./containers.ts";

const TEST_MS = 180_000;
/** Requests go on so soon after a manager was killed: a connection that is lost is noticed at once. */
const FAIL_OVER_MS = 5000;
const HEAL_MS = 20_000;

/** etcd on a host's loopback, and on its underlay address for the other managers. */
async function etcdOn(host: Host, members: number): Promise<{ etcd: Etcd; store: string }> {
  const { lab, netns, ip4 } = host;
  const etcd = await Etcd.start({ members, inside: { lab, netns } });
  const ports = etcd.endpoints.map((endpoint) => endpoint.split(":")[1]);
  for (const port of ports) lab.spawn(["socat", `TCP-LISTEN:${port},fork,reuseaddr,bind=${ip4}`, `TCP:127.0.0.1:${port}`], { netns });
  return { etcd, store: `etcd://${ports.map((port) => `${ip4}:${port}`).join(",")}` };
}

/** What `weft up` or `join` is refused with. */
async function refusal(member: Member): Promise<{ code: number | null; line: string }> {
  const daemon = member.spawn();
  const { code } = await daemon.exited;
  const lines = daemon.stderr.split("\n").filter((line) => line !== "" && !line.startsWith("{"));
  expect(lines).toHaveLength(1);
  return { code, line: lines[0] };
}

describeNetns("a real etcd as the store", ["etcd", "etcdctl", "socat", "nsenter", "openssl"], () => {
  test.concurrent("several managers, and members of etcd that go", { timeout: TEST_MS }, async () => {
    await using lab = await Lab.open();
    const [hostA, hostB, hostC] = await underlay(lab, ["a", "b", "c"]);
    const { etcd, store } = await etcdOn(hostA, 3);
    const flags = ["--store", store];
    const cluster = await foundCluster(hostA, {}, flags);
    const a = cluster.manager;
    const token = await a.weft("token", "manager", "-q");
    const b = new Member(hostB, ["join", "--token", token, "10.99.0.1"], { flags });
    cleanUpWith(b);
    expect(await refusal(new Member(hostC, ["join", "--token", token, "10.99.0.1"], {}))).toEqual({
      code: 1,
      line: expect.stringMatching(/^a manager join needs an etcd store: add --store etcd:\/\//),
    });
    expect(await refusal(new Member(hostC, ["up"], { flags }))).toEqual({
      code: 1,
      line: expect.stringMatching(/^the store is of cluster \w+ already: join it with a manager's token/),
    });
    expect(await b.start()).toContain("role=manager");
    const c = await cluster.newMember(hostC);
    await c.start();
    for (const front of [a, b])
      expect(await etcdctl(front, b, "get", "--prefix", "/weft/v1/node/", "--keys-only")).toContain("/weft/v1/node/");

    expect(await typed(c, "network create blue")).toMatchObject({ code: 0 });
    const [onB, onC] = [await place(b, "on-b", "blue"), await place(c, "on-c", "blue")];
    await eventually("c to reach b", () => reaches(onC, onB));
    const asked = async (name: string, withinMs: number) => {
      const began = performance.now();
      await eventually(`${name} to be made`, async () => (await typed(c, `network create ${name}`)).code === 0, withinMs);
      return performance.now() - began;
    };

    // A manager.
    await a.kill();
    expect(await asked("without-a", FAIL_OVER_MS)).toBeLessThan(FAIL_OVER_MS);
    await eventually("b to say that a is down", async () => (await typed(c, "node ls")).out.match(/\ba +Down/), HEAL_MS);
    expect(await reaches(onC, onB)).toBe(true);
    await a.start();
    expect((await typed(a, "network inspect without-a")).code).toBe(0);

    // A member of etcd.
    await etcd.kill(2);
    expect(await asked("without-one", FAIL_OVER_MS)).toBeLessThan(FAIL_OVER_MS);

    // Its quorum.
    await etcd.kill(1);
    const { code, err } = await typed(c, "network create nobody");
    expect([code, err.trim().split("\n").length]).toEqual([1, 1]);
    expect(err).toMatch(/^manager 10\.99\.0\.\d:2377: (the store behind it does not answer|etcd .*)/);
    expect(await reaches(onC, onB)).toBe(true);
    expect((await typed(c, "ps")).out).toContain("on-c");
    await etcd.restart(1);
    await asked("again", HEAL_MS);
    await eventually(
      "all to be ready",
      async () => {
        const nodes = await api(c).do("node.ls", { filters: {} });
        return nodes.every(({ Status }) => Status.State === "ready");
      },
      HEAL_MS,
    );
    expect(await reaches(onC, onB)).toBe(true);
    await place(c, "afterwards", "again");
  });

  test.concurrent("over TLS, with certificates of its own", { timeout: TEST_MS }, async () => {
    await using lab = await Lab.open();
    const [host] = await underlay(lab, ["a", "b"]);
    const certificates = await Certificates.make();
    lab.defer(async () => certificates.remove());
    const { ca, cert, key } = await certificates.issue("etcd", "/CN=etcd");
    const etcd = await Etcd.start({ inside: { lab, netns: host.netns }, tls: { ca, cert, key } });
    const store = `etcd://${etcd.endpoints[0]}`;
    const up = (...more: string[]) => new Member(host, ["up"], { flags: ["--store", store, ...more] });
    expect(await refusal(up("--store-ca", ca))).toMatchObject({ code: 1, line: expect.stringContaining(`${etcd.endpoints[0]}`) });
    expect(await refusal(up())).toMatchObject({ code: 1, line: expect.stringContaining(`${etcd.endpoints[0]}`) });
    expect(await refusal(up("--store-ca", "/nowhere/ca.pem"))).toMatchObject({
      code: 2,
      line: expect.stringMatching(/^--store-ca \/nowhere\/ca\.pem: /),
    });
    const { manager } = await foundCluster(host, {}, ["--store", store, "--store-ca", ca, "--store-cert", cert, "--store-key", key]);
    expect(await typed(manager, "network create blue")).toMatchObject({ code: 0 });
    await manager.stop();
    await manager.start();
    expect((await typed(manager, "network ls -q")).out).not.toBe("");
  });

  test.concurrent("with a user and a password", { timeout: TEST_MS }, async () => {
    await using lab = await Lab.open();
    const [host] = await underlay(lab, ["a", "b"]);
    const { etcd, store } = await etcdOn(host, 1);
    const as = (words: string) =>
      run(["env", "ETCDCTL_API=3", "etcdctl", "--endpoints", etcd.endpoints[0], ...words.split(" ")], { netns: host.netns });
    for (const words of [
      "user add root:r",
      "user grant-role root root",
      "role add weft",
      "role grant-permission weft --prefix=true readwrite /weft/",
    ])
      await as(words);
    for (const words of ["user add weft:secret", "user grant-role weft weft", "auth enable"]) await as(words);
    const up = (user: string) => new Member(host, ["up"], { flags: ["--store", store, "--store-user", user] });
    const wrong = await refusal(up("weft:wrong"));
    expect(wrong).toEqual({ code: 1, line: expect.stringMatching(/authentication failed|invalid user ID or password/) });
    expect(JSON.stringify(wrong)).not.toContain("weft:wrong");
    const { manager } = await foundCluster(host, {}, ["--store", store, "--store-user", "weft:secret"]);
    expect(await typed(manager, "network create blue")).toMatchObject({ code: 0 });
    expect(JSON.parse((await typed(manager, "network inspect blue")).out)[0].Name).toBe("blue");
    expect(readFileSync(`${manager.stateDir}/node.json`, "utf8")).not.toContain("secret");
  });
});
