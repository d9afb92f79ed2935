// What users get wrong, typed at a running cluster: each one clear line, exit 1 or 2, and the cluster as it was.

import { chmodSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cluster, type Member, startCluster } from "../../../lab/cluster.ts";
import { attempt, run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { underlay } from "../../../lab/topology.ts";
import { eventually } from "../../../lab/wait.ts";
import { describeNetns } from "../needs.ts";
import { etcdctl, etcdctlArgv, stateOf, typed } from "./command-line.ts";

/** Typed on a, or on b; an exact line, or what it must look like. */
type Row = [line: string, code: 1 | 2, said: string | RegExp, on?: "b"];

const IN_USE = /^network blue has active endpoints: (shop on node a, other on node b|other on node b, shop on node a)$/;

const REFUSED: Record<string, Row[]> = {
  "pools that are exhausted": [
    [
      "run --network tiny --name late -- true",
      1,
      "could not find an available IP in network tiny: 1 of 1 of 10.9.0.0/30 are taken; held by node a (1)",
      "b",
    ],
    [
      "run --network small --name late -- true",
      1,
      "could not find an available IP in network small: 5 of 5 of 10.9.1.0/29 are taken; 1 were freed in the last minute and rest; held by node b (3), a (1)",
    ],
  ],
  "what a network is called": [
    ["network create blue", 1, "network with name blue already exists"],
    ["network create bl/ue", 2, /^invalid network name "bl\/ue": it must start with a letter or digit/],
    [`network create ${"x".repeat(64)}`, 2, "network name must be 63 characters or fewer"],
    ["network create host", 2, /^operation is not permitted on predefined host network/],
  ],
  "options of a network": [
    ["network create -d bridge x", 2, 'driver "bridge" is not known: networks here are of driver overlay'],
    ["network create --opt foo=1 --opt bar=2 x", 2, "unknown option foo, bar: a network takes vni and mtu"],
    ["network create --opt vni=5000 x", 1, "VNI 5000 is that of network red"],
    ["network create --opt vni=0 x", 2, "option vni=0: a VNI is from 1 to 16777214"],
    ["network create --opt vni=16777216 x", 2, "option vni=16777216: a VNI is from 1 to 16777214"],
    ["network create --opt vni=16777215 x", 2, "option vni=16777215: VNI 16777215 is kept for probes between hosts"],
    ["network create --opt vni=blue x", 2, "option vni=blue is not a whole number"],
    ["network create --opt mtu=10 x", 2, "option mtu: MTU 10 is less than 576 bytes"],
    ["network create --opt mtu=100000 x", 2, "option mtu: MTU 100000 is more than 65485 bytes"],
    ["network create --ipv6 --opt mtu=1200 x", 2, "option mtu=1200: IPv6 needs at least 1280 bytes (RFC 8200 section 5)"],
    ["network create --opt mtu=1400 --opt com.docker.network.driver.mtu=1400 x", 2, /are the same thing: give one$/],
  ],
  "subnets that are taken": [
    ["network create --subnet 10.0.0.128/25 x", 1, /: 10\.0\.0\.128\/25 overlaps network blue \(10\.0\.0\.0\/24\)$/],
    ["network create --subnet 10.0.0.0/8 x", 1, /^Pool overlaps with other one on this address space: 10\.0\.0\.0\/8 overlaps /],
    ["network create --subnet 10.77.3.0/24 x", 1, /: 10\.77\.3\.0\/24 overlaps the route to 10\.77\.0\.0\/16 by eth0 on node b$/],
    ["network create --subnet 10.99.0.0/28 x", 1, /: 10\.99\.0\.0\/28 overlaps the underlay address 10\.99\.0\.(1 of node a|2 of node b)$/],
    ["network create --ipv6 --subnet fd99::/64 x", 1, /: fd99::\/64 overlaps the route to fd99::\/64 by eth0 on node (a|b)$/],
  ],
  "subnets that cannot be": [
    ["network create --subnet banana x", 2, /^option '--subnet <cidr>' argument 'banana' is invalid\. "banana" has no prefix length/],
    ["network create --subnet 10.5.0.1/24 x", 2, "invalid subnet 10.5.0.1/24: it should be 10.5.0.0/24"],
    ["network create --subnet 10.5.0.0/32 x", 2, /10\.5\.0\.0\/32 has no address left/],
    ["network create --subnet 127.0.0.0/24 x", 2, /^invalid subnet 127\.0\.0\.0\/24: 127\.0\.0\.0\/8 is loopback/],
    ["network create --subnet fd00::/64 x", 2, "IPv6 subnet fd00::/64 needs --ipv6 (EnableIPv6)"],
    ["network create --subnet 10.5.0.0/24 --subnet 10.5.0.0/25 x", 2, "--subnet 10.5.0.0/25: overlaps --subnet 10.5.0.0/24"],
  ],
  "addresses that lie elsewhere": [
    ["network create --gateway 10.5.0.1 x", 2, "--gateway 10.5.0.1: needs a --subnet that it lies in"],
    ["network create --subnet 10.5.0.0/24 --gateway 10.6.0.1 x", 2, "--gateway 10.6.0.1: lies in no subnet of this network (10.5.0.0/24)"],
    ["network create --subnet 10.5.0.0/24 --gateway 10.5.0.255 x", 2, "gateway 10.5.0.255 is no host's address in 10.5.0.0/24"],
    ["network create --subnet 10.5.0.0/24 --ip-range 10.6.0.0/25 x", 2, /^--ip-range 10\.6\.0\.0\/25: lies in no subnet/],
    ["network create --subnet 10.5.0.0/24 --aux-address r=10.6.0.1 x", 2, /^--aux-address 10\.6\.0\.1: lies in no subnet/],
    ["network create --subnet 10.5.0.0/24 --gateway 10.5.0.1 --aux-address r=10.5.0.1 x", 2, "aux-address r=10.5.0.1 is the gateway's"],
  ],
  "names that nobody has": [
    ["network inspect green", 1, "network green not found"],
    ["network inspect blu", 1, "network blu not found; did you mean blue?"],
    ["network rm rad", 1, "network rad not found; did you mean red?"],
    ["network connect blu shop", 1, "network blu not found; did you mean blue?"],
    ["network connect blue shpo2", 1, "no such container: shpo2"],
    ["network connect blue sho", 1, "no such container: sho; did you mean shop?"],
    ["network connect blue netns:nowhere", 1, /^network namespace \/run\/netns\/nowhere is missing/],
    ["network disconnect red shop", 1, "shop is not connected to network red, but to blue"],
    ["run --network nope -- true", 1, "network nope not found"],
    ["node inspect c-0", 1, "node c-0 not found"],
    ["node rm nope", 1, "node nope not found"],
    ["node drain nope", 1, "node nope not found"],
    ["rm shopp", 1, "no such container: shopp; did you mean shop?"],
    ["stop nope", 1, "no such container: nope"],
    ["logs nope", 1, "no such container: nope"],
    ["inspect other", 1, "no such container: other"],
  ],
  "what is in use": [
    ["network rm blue", 1, IN_USE],
    ["network rm -f blue", 1, IN_USE, "b"],
    ["network connect blue shop", 1, "shop is in network blue already, by eth0"],
    ["run --network blue --name shop -- true", 1, /^the container name shop is in use by container [0-9a-f]{12}/],
    ["run --network blue --ip 10.0.0.1 -- true", 1, "Address already in use: 10.0.0.1 is the gateway of network blue"],
    ["run --network blue --ip 10.0.0.2 -- true", 1, "Address already in use: 10.0.0.2 is that of shop on node a", "b"],
    ["rm shop", 1, "container shop is running: stop it, or remove it by force (-f)"],
    ["node rm b", 1, "node b is up: drain and stop it, or use --force"],
    ["node rm -f a", 1, "node a is the last manager: without one the cluster ends"],
    ["leave", 1, /^containers run here \(shop, full, fuller(, \w+)*\): remove them first, or leave by force \(-f\)$/],
  ],
  "addresses of a container": [
    ["run --network blue --ip 10.7.0.2 -- true", 2, "address 10.7.0.2 is in no subnet of network blue (10.0.0.0/24)"],
    ["run --network blue --ip6 fd00::2 -- true", 2, "address fd00::2: network blue has no IPv6 (it was made without --ipv6)"],
    ["run --network blue --ip fd00::2 -- true", 2, /Expected an IPv4 address/],
    ["run --network blue --mac-address 01:00:00:00:00:00 -- true", 2, /is a multicast address/],
  ],
  "what a worker may not ask": [
    ["token worker", 1, "token.show may not be asked by a worker: ask on a node that is a manager", "b"],
    ["node rm a", 1, "node.rm may not be asked by a worker: ask on a node that is a manager", "b"],
    ["node drain a", 1, "node.drain may not be asked by a worker: ask on a node that is a manager", "b"],
    ["backup /nowhere/weft.backup", 1, "only a manager can write a backup: it has the CA's key", "b"],
  ],
  "filters, formats and words": [
    ["network ls --filter foo=bar", 2, "invalid filter 'foo' (known: driver, id, label, name, scope, type, dangling)"],
    ["network ls --filter dangling=maybe", 2, "invalid filter 'dangling=maybe': it is true or false"],
    ["network ls --filter type=x", 2, "invalid filter 'type=x': it is custom or builtin"],
    ["network ls --format {{.Foo}}", 2, /^--format: there is no field \.Foo here \(there are: ID, Name/],
    ["network prune --force --filter until=soon", 2, /^invalid filter 'until=soon': expected e\.g\. 10m/],
    ["network prune", 2, /^weft network prune asks first, and there is no terminal to ask at: give --force$/],
    ["node ls -f membership=x", 2, "invalid filter 'membership' (known: id, name, role)"],
    ["network frob", 2, /^unknown command 'frob' for 'weft network'/],
    ["backup /nowhere/weft.backup", 1, "/nowhere/weft.backup: cannot be written: no such file or directory"],
  ],
};

describeNetns("bad input to a running cluster", ["nsenter", "etcdctl", "curl", "setpriv"], () => {
  let lab: Lab;
  let cluster: Cluster;
  let a: Member;
  let b: Member;

  beforeAll(async () => {
    lab = await Lab.open();
    const hosts = await underlay(lab, ["a", "b"]);
    await run(["ip", "route", "add", "10.77.0.0/16", "dev", "eth0"], { netns: hosts[1].netns });
    cluster = await startCluster(hosts);
    [a, b] = cluster.members;
    const done = async (member: Member, line: string) => expect(await typed(member, line), line).toMatchObject({ code: 0, err: "" });
    for (const words of ["blue", "--opt vni=5000 red", "--subnet 10.9.0.0/30 tiny", "--subnet 10.9.1.0/29 small"])
      await done(a, `network create ${words}`);
    const place = (member: Member, name: string, network: string) =>
      done(member, `run -d --network ${network} --name ${name} -- sleep 600`);
    await place(a, "shop", "blue");
    await place(b, "other", "blue");
    await place(a, "full", "tiny");
    await place(a, "fuller", "small");
    for (const name of ["s1", "s2", "s3", "freed"]) await place(b, name, "small");
    await done(b, "rm -f freed");
    await eventually(
      "the reports of both hosts",
      async () => (await typed(a, "network create --subnet 10.77.0.0/24 x")).code === 1 || undo(a),
    );
  });
  afterAll(() => lab?.close());

  /** A network that was made because a route was not known yet. */
  async function undo(member: Member): Promise<false> {
    await typed(member, "network rm x");
    return false;
  }

  for (const [what, rows] of Object.entries(REFUSED)) {
    test(what, async () => {
      const before = await stateOf(a);
      const complaints = await Promise.all(
        rows.map(async ([line, code, said, on]) => {
          const { code: was, err } = await typed(on === "b" ? b : a, line);
          const text = err.trimEnd();
          const fits = typeof said === "string" ? text === said : said.test(text);
          return was === code && fits && !text.includes("\n") ? null : { line, code: was, text, expected: [code, said] };
        }),
      );
      expect(complaints.filter(Boolean)).toEqual([]);
      expect(await stateOf(a)).toEqual(before);
    });
  }

  test("prune asks, and does nothing without a yes", async () => {
    const before = await stateOf(a);
    for (const answer of ["", "n", "no", "maybe"]) {
      const { code, err } = await typed(a, "network prune", answer);
      expect([code, err]).toEqual([0, expect.stringMatching(/^WARNING! .*\nAre you sure you want to continue\? \[y\/N\] $/)]);
    }
    expect(await stateOf(a)).toEqual(before);
    expect(await typed(a, "network prune", "y")).toMatchObject({ code: 0, out: "Deleted Networks:\nred\n\n" });
  });

  describe("the socket", () => {
    /** Status and body as another user, or root, gets them; an empty text where it could not connect. */
    async function asked(user: string, ...words: string[]): Promise<string> {
      const argv = ["curl", "-s", "-m", "10", "--unix-socket", a.socket, "http://weft/v1/network.ls", ...words];
      return (await attempt(["setpriv", `--reuid=${user}`, "--clear-groups", ...argv])).stdout;
    }

    test("is its owner's alone, and a stranger is refused though it is opened to all", async () => {
      expect(statSync(a.socket).mode & 0o777).toBe(0o600);
      expect(await asked("root", "-d", "{}")).toContain('"Name":"blue"');
      chmodSync(lab.directory, 0o711);
      expect(await asked("65534", "-d", "{}")).toBe("");
      chmodSync(a.socket, 0o666);
      expect(await asked("65534", "-d", "{}")).toContain("user 65534 may not ask this agent: only root and user 0 may");
      chmodSync(a.socket, 0o600);
    });

    test("takes no more than it may hold", async () => {
      const file = join(lab.directory, "large");
      writeFileSync(file, "x".repeat(2 * 1024 ** 2));
      expect(await asked("root", "--data-binary", `@${file}`)).toContain("network.ls: the request has more than 1048576 bytes");
      expect(await asked("root", "-H", "transfer-encoding: chunked", "--data-binary", `@${file}`)).toContain("more than 1048576 bytes");
      expect(await asked("root", "-d", "{}")).toContain('"Name":"blue"');
    });
  });

  describe("etcdctl", () => {
    test("sees all with a manager's certificate, watches and writes", async () => {
      const status = await etcdctl(a, a, "endpoint", "status", "-w", "json");
      expect(JSON.parse(status)[0]).toMatchObject({ Endpoint: "10.99.0.1:2377", Status: { header: { revision: expect.any(Number) } } });
      const keys = await etcdctl(a, a, "get", "--prefix", "/weft/v1/", "--keys-only");
      for (const key of ["cluster", "token/worker", "secret/probe", "network-name/blue"]) expect(keys).toContain(`/weft/v1/${key}\n`);
      const watching = lab.spawn(etcdctlArgv(a, a, "watch", "--prefix", "/weft/v1/network-name/"), {
        netns: a.host.netns,
        name: "etcdctl watch",
      });
      await eventually("the watch to tell of a network", async () => {
        await typed(b, "network create watched");
        await typed(b, "network rm watched");
        return watching.stdout.includes("PUT\n/weft/v1/network-name/watched") && watching.stdout.includes("DELETE\n");
      });
      expect(await etcdctl(a, a, "put", "note", "x")).toBe("OK\n");
      expect(await etcdctl(a, a, "del", "note")).toBe("1\n");
    });

    test("with a worker's sees what a worker may, and writes nothing", async () => {
      const before = await stateOf(a);
      expect(await etcdctl(a, b, "get", "--limit=1000", "--prefix", "/weft/v1/node/")).toContain('"name":"a"');
      const refused = (...words: string[]) => etcdctl(a, b, ...words).then(String, (error: Error) => error.message);
      for (const key of ["/weft/v1/token/", "/weft/v1/pools", "/weft/v1/"])
        expect(await refused("get", "--limit=1000", "--prefix", key), key).toMatch(/may not read/);
      expect(await refused("watch", "--prefix", "/weft/v1/token/")).toMatch(/may not/);
      for (const words of [
        ["put", "/weft/v1/network-name/x", "1"],
        ["put", "/weft/v1/alive/another", "1"],
        ["del", "--prefix", "/weft/v1/node/"],
        ["put", "note", "x"],
      ])
        expect(await refused(...words), words.join(" ")).toMatch(/may not write/);
      expect(await stateOf(a)).toEqual(before);
    });
  });
});
